"""A repair: its prompt, its result, and that a model may decline it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.domain.brief import MissingFile, Source
from engine.domain.budget import fresh
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.domain.repository import Origin, SiteFile
from engine.errors import BadReply, LeaseLost, OutOfService, Permanent, Transient
from engine.plan.schema import DataAddress, FileSource, PlannedFile
from engine.prompts.sections import present_files, sections_of
from engine.site.repository_files import licence
from engine.steps.contracts import (
    BestAttempt,
    Generated,
    ModelAccess,
    RepairFailed,
    RepairInput,
    RepairSkipped,
    Wait,
)
from engine.steps.repair import repair
from engine.steps.tree import TreeContext
from tests.engine.steps.inputs import BRIEF, PLAN, ROUND_ID, TREE, changed
from tests.fakes import NOW, PAGE, README, FakeAuthor, FakeJournal, make_ports, page_reply

FILES = TREE | {
    "LICENSE": SiteFile(licence(2026, "x"), Origin.SERVICE),
    ".nojekyll": SiteFile(b"", Origin.SERVICE),
}
FAILING = CheckOutcome(
    Check(Kind.JS, "!!document.querySelector('#total')"), Target.LOCAL, Verdict.FAIL, "false (boolean)", False, 10_000
)
PAGE_LOAD = CheckOutcome(
    Check(Kind.PAGE_LOAD, "The page opens without errors at 1280 pixels"), Target.LOCAL, Verdict.PASS
)
BETTER = PAGE.replace(b"'out'", b"'total'")


def repairing(**over: object) -> RepairInput:
    files = over.get("files", FILES)
    present = {path: file.content for path, file in files.items()}
    task = RepairInput(
        best=BestAttempt(7, "second", files, [FAILING, PAGE_LOAD]),
        context=TreeContext(BRIEF, PLAN, present, (), f"{ROUND_ID}/1", 2026, repairs=True),
        base_sha="abc",
        access=ModelAccess(fresh(NOW, 600)),
        secret_in=lambda content: "SECRET" if b"the-shared-secret" in content else None,
    )
    return changed(task, **over)


def test_the_model_that_wrote_the_page_repairs_it() -> None:
    journal, author = FakeJournal(), FakeAuthor(page_reply({"index.html": BETTER}))
    outcome = repair(repairing(), make_ports(journal=journal, author=author))
    assert isinstance(outcome, Generated)
    assert b"<h1 id='total'>" in outcome.files["index.html"].content
    assert [(row.begun["kind"], row.begun["parent"]) for row in journal.attempts] == [("repair", 7)]
    assert author.asked[0][0] == "second"
    assert outcome.base_sha == "abc"
    assert outcome.detail.startswith("second repaired index.html")


def test_an_unchanged_file_keeps_its_origin() -> None:
    outcome = repair(repairing(), make_ports(author=FakeAuthor(page_reply({"index.html": BETTER}))))
    assert isinstance(outcome, Generated)
    assert {path: file.origin for path, file in outcome.files.items()} == {
        "index.html": Origin.MODEL,
        "README.md": Origin.MODEL,
        "data.csv": Origin.ATTACHMENT,
        "LICENSE": Origin.SERVICE,
        ".nojekyll": Origin.SERVICE,
    }


def test_the_prompt_of_a_repair_has_the_failing_checks_with_their_details() -> None:
    author = FakeAuthor()
    repair(repairing(), make_ports(author=author))
    messages = author.asked[0][1]
    findings = next(one.body for one in sections_of(messages) if one.name == "findings")
    assert findings.startswith(
        "These do not hold:\n1. js: !!document.querySelector('#total')\n"
        "   gave: false (boolean) (on a fresh page at 1280 px, asked for 10 s)\n"
    )
    assert present_files(messages) == {"index.html": PAGE, "README.md": README}


def test_the_prompt_of_a_repair_names_missing_data_again() -> None:
    url = "https://api.test/latest"
    missing = (MissingFile("latest.json", "HTTP 503", Source.ADDRESS, url),)
    for at_run_time, told in ((False, "Data missing: api.test"), (True, "asks it itself at run time")):
        plan = PLAN.model_copy(update={"data": (DataAddress(url=url, at_run_time=at_run_time),)})
        author = FakeAuthor()
        context = replace(repairing().context, plan=plan, missing=missing)
        repair(repairing(context=context), make_ports(author=author))
        assert told in author.asked[0][1][-1].content


@pytest.mark.parametrize(
    "words", ["Nothing to repair: the check is run twice.", "Finding 1 is wrong because #total is there."]
)
def test_a_model_that_declines_ends_it_with_its_words(words: str) -> None:
    journal, author = FakeJournal(), FakeAuthor(f"Cause: none.\n{words}\n")
    outcome = repair(repairing(), make_ports(journal=journal, author=author))
    assert outcome == RepairSkipped(f"second changed nothing: {words}")
    assert len(journal.attempts) == 1


def test_a_model_that_doubts_one_finding_and_mends_another_has_repaired() -> None:
    def reply(messages: object) -> str:
        return f"Finding 2 is wrong because it is.\n{page_reply({'index.html': BETTER})(messages)}"

    assert isinstance(repair(repairing(), make_ports(author=FakeAuthor(reply))), Generated)


def test_an_answer_with_neither_files_nor_a_reason_is_reminded_of_the_form() -> None:
    journal, author = FakeJournal(), FakeAuthor("I shall look at it.", page_reply({"index.html": BETTER}))
    assert isinstance(repair(repairing(), make_ports(journal=journal, author=author)), Generated)
    assert [row.begun["kind"] for row in journal.attempts] == ["repair", "format"]


def test_planned_files_that_the_repair_leaves_as_they_are_are_not_asked_for() -> None:
    notes = PlannedFile(path="notes.txt", source=FileSource.WRITE)
    context = replace(repairing().context, plan=PLAN.model_copy(update={"files": (*PLAN.files, notes)}))
    author = FakeAuthor(page_reply({"index.html": BETTER}))
    assert isinstance(repair(repairing(context=context), make_ports(author=author)), Generated)
    assert len(author.asked) == 1


def test_what_the_first_try_made_of_an_attachment_is_shown_and_may_be_mended() -> None:
    fix = PlannedFile(path="data.csv", source=FileSource.CHANGED, origin="data.csv")
    files = FILES | {"data.csv": SiteFile(b"a,b\r\n1,3\r\n", Origin.MODEL)}
    plan = PLAN.model_copy(update={"files": (fix, *PLAN.files)})
    task = repairing(files=files)
    author = FakeAuthor(page_reply({"data.csv": b"a,b\n1,4\n"}))
    outcome = repair(replace(task, context=replace(task.context, plan=plan)), make_ports(author=author))
    assert "a,b\n1,3\n" in author.asked[0][1][-1].content
    assert isinstance(outcome, Generated)
    assert outcome.files["data.csv"] == SiteFile(b"a,b\r\n1,4\r\n", Origin.MODEL)


def test_the_repaired_files_are_gated() -> None:
    author = FakeAuthor(page_reply({"index.html": BETTER, "a.js": b"let b = 'the-shared-secret';\n"}))
    outcome = repair(repairing(), make_ports(author=author))
    assert isinstance(outcome, Generated)
    assert [gate.detail for gate in outcome.gates if gate.detail] == ["a.js:1: the value of SECRET"]


def test_past_its_share_no_model_is_asked() -> None:
    ports = make_ports()
    ports.clock.advance(216)
    assert repair(repairing(), ports) == RepairSkipped("the repair was cut: its share of the deadline is over")
    assert ports.author.asked == []


@pytest.mark.parametrize("error", [Permanent("model_bad_answer", "no"), BadReply("model_no_files", "no")])
def test_a_repair_that_comes_to_nothing_is_counted(error: Exception) -> None:
    author = FakeAuthor(error, error)
    assert repair(repairing(), make_ports(author=author)) == RepairFailed("the repair by second came to nothing: no")


def test_a_page_that_breaks_our_own_rules_is_no_repair() -> None:
    outcome = repair(repairing(), make_ports(author=FakeAuthor(page_reply({"index.html": b"Sorry.\n"}))))
    assert isinstance(outcome, RepairFailed)
    assert "index.html holds no HTML" in outcome.detail


def test_a_passing_failure_waits_while_there_is_time_for_a_call() -> None:
    busy = Transient("model_overloaded", "busy", 20.0)
    outcome = repair(repairing(), make_ports(author=FakeAuthor(busy)))
    assert isinstance(outcome, Wait)
    assert (outcome.until - NOW).total_seconds() == 20
    late = make_ports(author=FakeAuthor(busy))
    late.clock.advance(195)
    assert repair(repairing(), late) == RepairSkipped("the repair was cut: busy")


@pytest.mark.parametrize("error", [OutOfService("model_key_refused", "no", kind="model"), LeaseLost()])
def test_a_service_that_is_out_and_a_lost_lease_are_no_answer_of_a_model(error: BaseException) -> None:
    with pytest.raises(type(error)):
        repair(repairing(), make_ports(author=FakeAuthor(error)))
