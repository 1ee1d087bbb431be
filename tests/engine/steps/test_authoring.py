"""Conversations with a model: the reminder, the continuations, and an incomplete page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.checks.gates import ENDINGS
from engine.domain.model_call import DEADLINE, DISCONNECTED, Reply, ReusedCall
from engine.domain.repository import CommitSpec, RepositorySpec
from engine.errors import BadReply, Permanent, Transient
from engine.plan.schema import FileSource, PlannedFile
from engine.prompts.generate import LONGEST_CHANGED
from engine.steps.contracts import Generated, Wait
from engine.steps.generate import generate
from tests.engine.steps.inputs import BRIEF, LATER, PLAN, changed, generating
from tests.fakes import NOW, PAGE, README, Cut, FakeAuthor, FakeForge, FakeJournal, make_ports, page_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn

    from engine.domain.model_call import Message
    from engine.domain.repository import Repository
    from engine.steps.contracts import GenerateInput


def made(outcome: object) -> Generated:
    assert isinstance(outcome, Generated)
    return outcome


def contents(outcome: Generated) -> dict[str, bytes]:
    return {path: file.content for path, file in outcome.files.items()}


def a_page_published() -> tuple[FakeForge, Repository]:
    forge = FakeForge(lambda: NOW)
    place = forge.create(RepositorySpec("r", "12345678", generating().identity.task_key, "d", NOW))
    forge.commit(place, CommitSpec({"index.html": PAGE, "README.md": b"# Old\n"}, None, "m", "a <a@b>", NOW))
    return forge, place


def test_an_answer_without_files_is_reminded_once_of_the_form() -> None:
    journal, author = FakeJournal(), FakeAuthor("Certainly! I would do it like this.")
    outcome = made(generate(generating(), make_ports(journal=journal, author=author)))
    assert [row.begun["kind"] for row in journal.attempts] == ["generate", "format"]
    assert journal.attempts[1].begun["parent"] == 1
    assert (outcome.attempt, outcome.degraded) == (2, "")


def cut_off(messages: object) -> Reply:
    whole = page_reply({"index.html": PAGE, "README.md": README})(messages)
    return Reply(whole[: whole.index("# T") + 20], "first", "length")


def test_a_cut_off_answer_is_continued_and_the_files_put_together() -> None:
    rest = page_reply({"README.md": README})
    journal, author = FakeJournal(), FakeAuthor(cut_off, rest)
    outcome = made(generate(generating(), make_ports(journal=journal, author=author)))
    assert [row.begun["kind"] for row in journal.attempts] == ["generate", "continue"]
    assert contents(outcome)["README.md"] == README
    assert b"<h1 id='out'>7</h1>" in contents(outcome)["index.html"]


def interrupted(part: Callable[[Sequence[Message]], str]) -> FakeJournal:
    """Return a journal of a claim that ended during the model call for the page, with a part of the reply stored."""
    asked = FakeAuthor()
    generate(generating(), make_ports(author=asked))
    messages, journal = asked.asked[0][1], FakeJournal()
    cut = ReusedCall(9, messages, Reply(part(messages), "first", DISCONNECTED))
    journal.interrupted = [("generate", "first", None, cut)]
    return journal


def test_of_an_answer_that_its_process_did_not_outlive_only_the_rest_is_asked_for() -> None:
    journal = interrupted(lambda messages: cut_off(messages).text)
    author = FakeAuthor(page_reply({"README.md": README}))
    outcome = made(generate(generating(), make_ports(journal=journal, author=author)))
    assert [(row.begun["kind"], row.begun["parent"]) for row in journal.attempts] == [("continue", 9)]
    assert contents(outcome)["README.md"] == README
    assert b"<h1 id='out'>7</h1>" in contents(outcome)["index.html"]


@pytest.mark.parametrize(
    "part",
    [
        lambda messages: cut_in_the_page(messages).text,
        lambda _: "Certainly! I would do it",
        lambda _: f"```html\n{PAGE.decode()}```\n```css\nbody {{",
    ],
    ids=["half a page", "no file", "not in the form"],
)
def test_an_answer_without_a_complete_file_is_requested_again(part: Callable[[Sequence[Message]], str]) -> None:
    journal = interrupted(part)
    made(generate(generating(), make_ports(journal=journal, author=FakeAuthor())))
    assert [(row.begun["kind"], row.begun["parent"]) for row in journal.attempts] == [("generate", None)]


def test_a_complete_answer_is_not_requested_again_after_a_crash() -> None:
    journal = interrupted(page_reply())
    outcome = made(generate(generating(), make_ports(journal=journal, author=FakeAuthor())))
    assert (outcome.attempt, journal.attempts) == (9, [])


def test_each_piece_of_an_answer_goes_to_the_journal() -> None:
    def ends() -> NoReturn:
        raise Transient("model_unreachable", "gone")

    journal = FakeJournal()
    author = FakeAuthor(Cut(lambda _: "I would", ends), models=("first",))
    generate(generating(), make_ports(journal=journal, author=author))
    assert journal.heard == [(1, "I would")]


@pytest.mark.parametrize("ending", [DEADLINE, DISCONNECTED])
def test_what_was_whole_when_an_answer_ended_too_early_is_kept(ending: str) -> None:
    def cut(messages: object) -> Reply:
        return replace(cut_off(messages), finish_reason=ending)

    journal, author = FakeJournal(), FakeAuthor(cut, Transient("model_out_of_time", "no time was left"))
    outcome = made(generate(generating(), make_ports(journal=journal, author=author)))
    assert b"<h1 id='out'>7</h1>" in contents(outcome)["index.html"]
    assert "The rest was not asked for: no time was left" in outcome.detail
    assert outcome.degraded == ""


def test_an_answer_of_which_no_file_is_whole_in_time_is_a_time_out() -> None:
    journal = FakeJournal()
    author = FakeAuthor(Reply("I shall begin with", "first", DEADLINE), page_reply({"index.html": PAGE}))
    made(generate(generating(), make_ports(journal=journal, author=author)))
    assert [model for model, _, _ in author.asked] == ["first", "second"]
    assert [row.ended.get("code") for row in journal.attempts] == ["model_timeout", None]
    assert journal.attempts[0].ended["reply"].text == "I shall begin with"


def test_an_answer_with_a_readme_alone_is_reminded_of_the_page() -> None:
    journal, author = FakeJournal(), FakeAuthor(page_reply({"README.md": README}), page_reply({"index.html": PAGE}))
    outcome = made(generate(generating(), make_ports(journal=journal, author=author)))
    assert [row.begun["kind"] for row in journal.attempts] == ["generate", "format"]
    assert author.asked[1][1][-1].content.startswith("Your answer lacks index.html.")
    assert contents(outcome)["README.md"] == README


STORY = PlannedFile(path="story.txt", source=FileSource.WRITE)
NOTES = PlannedFile(path="notes.txt", source=FileSource.WRITE)
FIX = PlannedFile(path="data.csv", source=FileSource.CHANGED, origin="data.csv")
BOTH = {"index.html": PAGE, "README.md": README}


def planned(*files: PlannedFile) -> GenerateInput:
    others = [one for one in PLAN.files if one.path not in {file.path for file in files}]
    return generating(plan=PLAN.model_copy(update={"files": (*others, *files)}))


def asked_for(author: FakeAuthor, *answers: Mapping[str, bytes] | BaseException, task: GenerateInput) -> Generated:
    author.replies = [one if isinstance(one, BaseException) else page_reply(one) for one in answers]
    return made(generate(task, make_ports(author=author)))


def test_planned_files_that_an_answer_lacks_are_asked_for_once_beside_what_it_holds() -> None:
    author = FakeAuthor()
    outcome = asked_for(author, BOTH | {"story.txt": b"s\n"}, {"notes.txt": b"n\n"}, task=planned(STORY, NOTES))
    assert contents(outcome).items() >= {"story.txt": b"s\n", "notes.txt": b"n\n", "README.md": README}.items()
    *_, answer, request = author.asked[1][1]
    assert (answer.role, b"s\n" in answer.content.encode()) == ("assistant", True)
    assert request.content.startswith("Your answer lacks notes.txt. Answer with nothing but what is missing")
    assert outcome.attempt == 2


def test_an_attachment_that_was_to_be_changed_and_was_not_is_asked_for() -> None:
    author = FakeAuthor()
    outcome = asked_for(author, BOTH, {"data.csv": b"a,b\n1,3\n"}, task=planned(FIX))
    assert "Your answer lacks data.csv." in author.asked[1][1][-1].content
    assert contents(outcome)["data.csv"] == b"a,b\r\n1,3\r\n"


def test_an_attachment_that_cannot_be_shown_whole_is_not_asked_for() -> None:
    brief = replace(BRIEF, attachments=(replace(BRIEF.attachments[0], content=b"a" * (LONGEST_CHANGED + 1)),))
    author = FakeAuthor()
    asked_for(author, BOTH, task=replace(planned(FIX), brief=brief))
    assert len(author.asked) == 1


def test_a_file_that_stays_missing_is_not_asked_for_again() -> None:
    author = FakeAuthor()
    outcome = asked_for(author, BOTH, {"other.txt": b"o\n"}, task=planned(STORY))
    assert len(author.asked) == 2
    assert contents(outcome).keys() >= {"index.html", "other.txt"}
    assert "story.txt" not in outcome.files


def test_a_readme_and_files_that_others_make_are_not_asked_for() -> None:
    others = [
        PlannedFile(path="result.json", source=FileSource.WORKFLOW_OUTPUT),
        PlannedFile(path="table.csv", source=FileSource.CONVERTED, origin="book.xlsx"),
    ]
    author = FakeAuthor()
    asked_for(author, {"index.html": PAGE}, task=planned(*others))
    assert len(author.asked) == 1


@pytest.mark.parametrize(
    "error",
    [
        Transient("model_overloaded", "busy"),
        Permanent("round_tokens_spent", "no tokens are left"),
        BadReply("b", "bad"),
    ],
)
def test_what_was_written_survives_a_failing_call_for_the_rest(error: Exception) -> None:
    outcome = asked_for(FakeAuthor(), BOTH, error, task=planned(STORY))
    assert b"<h1 id='out'>7</h1>" in contents(outcome)["index.html"]
    assert (outcome.attempt, outcome.degraded) == (1, "")
    assert f"The rest was not asked for: {error.message}" in outcome.detail


def test_an_answer_that_was_cut_off_is_continued_and_not_asked_for_what_is_missing() -> None:
    journal, author = FakeJournal(), FakeAuthor(cut_off, page_reply({"README.md": README, "story.txt": b"s\n"}))
    outcome = made(generate(planned(STORY), make_ports(journal=journal, author=author)))
    assert [row.begun["kind"] for row in journal.attempts] == ["generate", "continue"]
    assert contents(outcome)["story.txt"] == b"s\n"


def test_a_later_round_may_leave_planned_files_of_the_tree_as_they_are() -> None:
    (forge, place), author = a_page_published(), FakeAuthor(page_reply({"README.md": README}))
    task = changed(planned(PlannedFile(path="index.html", source=FileSource.WRITE)), brief=LATER, repository=place)
    made(generate(task, make_ports(forge=forge, author=author)))
    assert len(author.asked) == 1


def test_a_workflow_may_be_written_where_the_plan_has_it_and_no_other_hidden_file() -> None:
    workflow = ".github/workflows/ci.yml"
    hidden = {workflow: b"on: push\n", ".github/workflows/other.yml": b"on: push\n", ".env": b"A=1\n"}
    outcome = asked_for(FakeAuthor(), BOTH | hidden, task=planned(PlannedFile(path=workflow, source=FileSource.WRITE)))
    assert outcome.files.keys() & hidden.keys() == {workflow}
    assert "'.env' was left out" in outcome.detail


def cut_in_the_page(messages: object) -> Reply:
    whole = page_reply({"index.html": PAGE})(messages)
    return Reply(whole[: whole.index("</h1>")], "first", "length")


def test_a_page_that_stays_cut_off_is_used_as_far_as_it_goes() -> None:
    journal, author = FakeJournal(), FakeAuthor(cut_in_the_page, cut_in_the_page, cut_in_the_page)
    outcome = made(generate(generating(), make_ports(journal=journal, author=author)))
    assert [row.begun["kind"] for row in journal.attempts] == ["generate", "continue", "continue"]
    assert (outcome.attempt, outcome.degraded) == (3, "")
    assert contents(outcome)["index.html"].endswith(b"<body><h1 id='out'>7")
    assert "has no end" in outcome.detail
    assert gate_of(outcome) == "index.html:5: the reply was cut off in it"


def gate_of(outcome: Generated) -> str:
    (result,) = [result for result in outcome.gates if result.check.text == ENDINGS]
    return result.detail


def test_a_page_whose_rest_came_is_whole() -> None:
    author = FakeAuthor(cut_in_the_page, page_reply({"index.html": PAGE}))
    assert gate_of(made(generate(generating(), make_ports(author=author)))) == ""


def test_a_page_that_is_cut_off_where_its_form_shows_nothing_is_told_too() -> None:
    def cut(messages: object) -> Reply:
        return Reply(
            page_reply({"index.html": b"<!DOCTYPE html><p>One"})(messages).partition("\n===")[0], "m", "length"
        )

    assert gate_of(made(generate(generating(), make_ports(author=FakeAuthor(cut, cut, cut))))) == (
        "index.html:4: the reply was cut off in it"
    )


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("=== ", "story.txt:1: the reply was cut off before it"),
        ("once", "story.txt:1: the reply was cut off in it"),
    ],
    ids=["between two files", "in the second"],
)
def test_a_planned_file_that_a_cut_reply_did_not_come_to_is_told(part: str, told: str) -> None:
    def cut(messages: object) -> Reply:
        whole = page_reply({"index.html": PAGE, "story.txt": b"A story, once\nupon a time\n"})(messages)
        at = whole.index(part, 30) if part == "=== " else whole.index(part)
        return Reply(whole[:at], "first", "length")

    gone = Transient("model_out_of_time", "no time was left")
    task = generating(plan=PLAN.model_copy(update={"files": (*PLAN.files, STORY)}))
    outcome = made(generate(task, make_ports(author=FakeAuthor(cut, gone))))
    assert contents(outcome).keys() >= {"index.html", "README.md"}
    assert gate_of(outcome) == told


def test_a_readme_that_was_cut_off_is_completed_by_the_service_and_no_fault() -> None:
    gone = Transient("model_out_of_time", "no time was left")
    assert gate_of(made(generate(generating(), make_ports(author=FakeAuthor(cut_off, gone))))) == ""


@pytest.mark.parametrize(
    "error",
    [
        Permanent("round_tokens_spent", "no tokens are left"),
        Transient("model_out_of_time", "no time was left to ask"),
        Transient("model_timeout", "first did not answer in time"),
    ],
)
def test_half_a_page_is_taken_where_the_rest_cannot_be_asked_for(error: Exception) -> None:
    outcome = made(generate(generating(), make_ports(author=FakeAuthor(cut_in_the_page, error))))
    assert (outcome.attempt, outcome.degraded) == (1, "")
    assert "The rest was not asked for" in outcome.detail


def test_half_a_page_waits_for_its_rest_where_the_model_is_only_busy() -> None:
    author = FakeAuthor(cut_in_the_page, Transient("model_overloaded", "busy", 5.0))
    assert isinstance(generate(generating(), make_ports(author=author)), Wait)


def test_a_later_round_may_change_the_readme_alone() -> None:
    (forge, place), journal = a_page_published(), FakeJournal()
    author = FakeAuthor(page_reply({"README.md": README}))
    generate(generating(brief=LATER, repository=place), make_ports(journal=journal, forge=forge, author=author))
    assert [row.begun["kind"] for row in journal.attempts] == ["generate"]


def test_half_a_page_never_takes_the_place_of_a_whole_one() -> None:
    forge, place = a_page_published()
    author = FakeAuthor(*[cut_in_the_page] * 3, models=("first",))
    outcome = made(generate(generating(brief=LATER, repository=place), make_ports(forge=forge, author=author)))
    assert "No usable page was written" in outcome.degraded
    assert b"</h1>" in contents(outcome)["index.html"]
