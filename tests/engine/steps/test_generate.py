from __future__ import annotations

from dataclasses import replace

import pytest

from engine.adapters.secret_scanner import DetectSecretsScanner
from engine.checks.gates import is_barred
from engine.domain.brief import AttachedFile
from engine.domain.repository import CommitSpec, Origin, RepositorySpec
from engine.errors import LeaseLost, OutOfService, Permanent, Transient
from engine.prompts.sections import present_files
from engine.site.repository_files import is_mit
from engine.steps.contracts import Generated, Wait
from engine.steps.generate import generate
from tests.engine.steps.inputs import BRIEF, LATER, generating
from tests.fakes import NOW, PAGE, README, FakeAuthor, FakeFetcher, FakeForge, FakeJournal, make_ports, page_reply
from tests.marker import read_marker


def made(outcome: object) -> Generated:
    assert isinstance(outcome, Generated)
    return outcome


def contents(outcome: Generated) -> dict[str, bytes]:
    return {path: file.content for path, file in outcome.files.items()}


def test_a_good_reply_becomes_a_whole_tree() -> None:
    journal = FakeJournal()
    outcome = made(generate(generating(), make_ports(journal=journal)))
    files = contents(outcome)
    assert set(files) == {"index.html", "README.md", "LICENSE", ".nojekyll", "data.csv"}
    assert read_marker(files["index.html"]) == generating().identity.marker
    assert is_mit(files["LICENSE"].decode())
    assert files["data.csv"] == BRIEF.attachments[0].content
    assert (outcome.attempt, outcome.degraded, outcome.base_sha) == (1, "", "")
    assert journal.attempts[0].ended["outcome"] == "ok"


def test_every_call_is_a_row_before_it_is_made() -> None:
    journal = FakeJournal()

    def reply(messages: object) -> str:
        assert len(journal.attempts) == 1
        assert journal.attempts[0].ended is None
        return page_reply()(messages)

    generate(generating(), make_ports(journal=journal, author=FakeAuthor(reply)))
    assert journal.attempts[0].begun["kind"] == "generate"


def test_a_model_that_writes_no_page_hands_over_to_the_next() -> None:
    author = FakeAuthor("no", "still no")
    outcome = made(generate(generating(), make_ports(author=author)))
    assert [model for model, _, _ in author.asked] == ["first", "first", "second"]
    assert outcome.degraded == ""


def test_the_fallback_page_is_made_if_no_model_writes_a_page() -> None:
    journal, author = FakeJournal(), FakeAuthor("no", "no", "no", "no")
    outcome = made(generate(generating(), make_ports(journal=journal, author=author)))
    assert "No usable page was written" in outcome.degraded
    page = contents(outcome)["index.html"].decode()
    assert "This app was not made" in page
    assert contents(outcome)["data.csv"] == BRIEF.attachments[0].content
    assert journal.attempts[outcome.attempt - 1].begun["kind"] == "fallback"
    assert not any(file.origin is Origin.MODEL for file in outcome.files.values())


def test_a_passing_failure_waits_while_there_is_time_for_a_call() -> None:
    author = FakeAuthor(Transient("model_overloaded", "busy", retry_after=20))
    outcome = generate(generating(), make_ports(author=author))
    assert isinstance(outcome, Wait)
    assert (outcome.until - NOW).total_seconds() == 20
    assert outcome.failed


def test_a_retry_after_beyond_the_share_goes_to_the_next_model_at_once() -> None:
    author = FakeAuthor(Transient("model_overloaded", "busy", retry_after=3600))
    outcome = made(generate(generating(), make_ports(author=author)))
    assert [model for model, _, _ in author.asked] == ["first", "second"]
    assert outcome.degraded == ""


def test_past_the_time_for_a_call_no_model_is_asked() -> None:
    ports = make_ports()
    ports.clock.advance(500)
    outcome = made(generate(generating(), ports))
    assert ports.author.asked == []
    assert "the time for asking a model had run out" in outcome.degraded


def test_a_call_gets_no_more_time_than_its_share() -> None:
    ports = make_ports()
    generate(generating(), ports)
    assert ports.author.asked[0][2] == pytest.approx(216)


def test_a_blocked_model_leads_to_the_fallback_page_without_a_call() -> None:
    ports = make_ports()
    outcome = made(generate(generating(blocked="The key was refused."), ports))
    assert ports.author.asked == []
    assert "The key was refused." in outcome.degraded


@pytest.mark.parametrize("error", [OutOfService("model_key_refused", "no", kind="model"), LeaseLost()])
def test_a_service_that_is_out_and_a_lost_lease_are_no_answer_of_a_model(error: BaseException) -> None:
    with pytest.raises(type(error)):
        generate(generating(), make_ports(author=FakeAuthor(error)))


def test_a_secret_in_an_attachment_stops_the_round() -> None:
    brief = replace(BRIEF, attachments=(AttachedFile("a.txt", "text/plain", b"x the-shared-secret y"),))
    with pytest.raises(Permanent, match=r"secret_in_attachment.*SECRET"):
        generate(generating(brief=brief), make_ports())


def test_a_secret_in_a_reply_is_a_gates_verdict_with_its_place_and_without_its_value() -> None:
    leak = page_reply({"index.html": PAGE, "README.md": README, "a.js": b"let a;\nlet b = 'the-shared-secret';\n"})
    outcome = made(generate(generating(), make_ports(author=FakeAuthor(leak))))
    assert is_barred(outcome.gates)
    assert [r.detail for r in outcome.gates if r.detail] == ["a.js:2: the value of SECRET"]


def test_what_looks_like_a_credential_in_an_attachment_is_a_warning() -> None:
    journal = FakeJournal()
    content = b"name,key\nA,ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8\n"
    brief = replace(BRIEF, attachments=(AttachedFile("keys.csv", "text/csv", content),))
    made(generate(generating(brief=brief), make_ports(journal=journal, scanner=DetectSecretsScanner())))
    assert "keys.csv, line 2" in journal.warnings[0]
    assert "A1b2C3" not in journal.warnings[0]


def test_http_attachments_are_fetched_and_missing_ones_are_a_warning_and_in_the_prompt() -> None:
    fetcher = FakeFetcher({"https://x.test/a.csv": b"1,2"})
    journal, author = FakeJournal(), FakeAuthor()
    unfetched = (("a.csv", "https://x.test/a.csv"), ("b.csv", "https://x.test/b.csv"))
    outcome = made(
        generate(generating(unfetched=unfetched), make_ports(fetcher=fetcher, journal=journal, author=author))
    )
    assert contents(outcome)["a.csv"] == b"1,2"
    assert "b.csv" not in contents(outcome)
    assert [f.name for f in journal.kept] == ["a.csv"]
    assert "b.csv could not be fetched: HTTP 404" in journal.warnings[0]
    assert "b.csv could not be fetched" in author.asked[0][1][1].content


def published(forge: FakeForge) -> str:
    place = forge.create(RepositorySpec("r", "12345678", generating().identity.task_key, "d", NOW))
    files = {"index.html": PAGE, "README.md": README, "old.js": b"1"}
    forge.commit(place, CommitSpec(files, None, "m", "a <a@b>", NOW))
    return forge.enable_pages(place).name


def test_a_later_round_builds_on_the_present_tree() -> None:
    forge = FakeForge(lambda: NOW)
    name = published(forge)
    place = forge.enable_pages(forge.find(slug="r", task_key=generating().identity.task_key))
    author = FakeAuthor(page_reply({"index.html": PAGE.replace(b"7", b"8")}))
    outcome = made(generate(generating(brief=LATER, repository=place), make_ports(forge=forge, author=author)))
    assert outcome.base_sha == forge.repositories[name].head
    assert outcome.files["old.js"].origin is Origin.CARRIED
    assert b"8" in contents(outcome)["index.html"]
    assert "old.js" in present_files(author.asked[0][1])


def test_a_later_round_without_a_row_looks_on_the_forge_or_starts_from_nothing() -> None:
    forge = FakeForge(lambda: NOW)
    place = forge.create(RepositorySpec("sum-of-sales-12345678", "12345678", generating().identity.task_key, "d", NOW))
    forge.commit(place, CommitSpec({"index.html": PAGE}, None, "m", "a <a@b>", NOW))
    found = made(generate(generating(brief=LATER), make_ports(forge=forge)))
    assert found.repository == place
    anew = made(generate(generating(brief=LATER), make_ports()))
    assert (anew.repository, anew.base_sha) == (None, "")


def test_a_later_round_that_no_model_can_do_keeps_the_page_and_says_so() -> None:
    forge = FakeForge(lambda: NOW)
    published(forge)
    place = forge.find(slug="r", task_key=generating().identity.task_key)
    task = generating(brief=LATER, repository=place, blocked="The key was refused.")
    outcome = made(generate(task, make_ports(forge=forge)))
    assert b"<h1 id='out'>7</h1>" in contents(outcome)["index.html"]
    assert "Round 2 was not done" in contents(outcome)["README.md"].decode()
    assert outcome.degraded


def test_a_repository_that_is_gone_is_replaced_by_our_own_copy_of_the_tree() -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    name = published(forge)
    place = forge.find(slug="r", task_key=generating().identity.task_key)
    del forge.repositories[name]
    author = FakeAuthor(page_reply({"index.html": PAGE.replace(b"7", b"8")}))
    task = generating(brief=LATER, repository=place, last_tree=lambda: {"index.html": PAGE, "old.js": b"let a"})
    outcome = made(generate(task, make_ports(forge=forge, author=author, journal=journal)))
    assert (outcome.repository, outcome.base_sha) == (None, "")
    assert outcome.files["old.js"].origin is Origin.CARRIED
    assert b"8" in contents(outcome)["index.html"]
    assert "new repository" in journal.warnings[0]
