"""Edits in a later round and in a repair: the reminder, the whole files after it, and what a cut-off reply leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.domain.model_call import DEADLINE, DISCONNECTED, Reply, ReusedCall
from engine.domain.repository import CommitSpec, Origin, RepositorySpec, SiteFile
from engine.errors import Transient
from engine.plan.schema import FileSource, PlannedFile
from engine.prompts.form import LONG_FILE
from engine.prompts.replies import mark
from engine.prompts.sections import boundary_of
from engine.steps.contracts import Generated, RepairFailed, Wait
from engine.steps.generate import generate
from engine.steps.repair import repair
from tests.engine.steps.inputs import LATER, PLAN, changed, generating
from tests.engine.steps.test_repair import FILES, repairing
from tests.fakes import NOW, README, FakeAuthor, FakeForge, FakeJournal, edit_reply, make_ports, page_reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.model_call import Message
    from engine.steps.contracts import GenerateInput
    from tests.fakes import Spoken

LINES = [f"<p>line {number}</p>" for number in range(LONG_FILE)]
LONG = "\n".join(
    ["<!DOCTYPE html>", "<html><head><title>T</title></head><body><h1>7</h1>", *LINES, "</body></html>", ""]
)
FIRST, LAST = ("<p>line 0</p>\n", "<p>first</p>\n"), (f"{LINES[-1]}\n", "<p>last</p>\n")
BAD = ("<p>line x</p>\n", "<p>x</p>\n")
NEW_README = README.replace(b"seven", b"eight")


class Round:
    """A later round on a published page of more than LONG_FILE lines, answered with these replies."""

    def __init__(self, *replies: Spoken, page: str = LONG, files: dict[str, bytes] | None = None) -> None:
        self.author, self.journal = FakeAuthor(*replies, models=("first",)), FakeJournal()
        self.forge = FakeForge(lambda: NOW)
        place = self.forge.create(RepositorySpec("r", "12345678", generating().identity.task_key, "d", NOW))
        tree = {"index.html": page.encode(), "README.md": README, **(files or {})}
        self.forge.commit(place, CommitSpec(tree, None, "m", "a <a@b>", NOW))
        self.task: GenerateInput = generating(brief=LATER, repository=place)

    def run(self) -> Generated:
        ports = make_ports(journal=self.journal, forge=self.forge, author=self.author)
        outcome = generate(self.task, ports)
        assert isinstance(outcome, Generated)
        return outcome

    @property
    def calls(self) -> list[str]:
        return [str(row.begun["kind"]) for row in self.journal.attempts]

    def asked(self, at: int) -> str:
        return self.author.asked[at][1][-1].content


def page(outcome: Generated) -> str:
    return outcome.files["index.html"].content.decode()


def test_a_page_is_edited_and_another_file_written_whole() -> None:
    one = Round(edit_reply({"index.html": [LAST, FIRST]}, {"README.md": NEW_README}))
    outcome = one.run()
    assert "<p>first</p>\n<p>line 1</p>" in page(outcome)
    assert "<p>line 148</p>\n<p>last</p>" in page(outcome)
    assert outcome.files["index.html"].origin is Origin.MODEL
    assert outcome.detail.startswith("first wrote 2 files (index.html by 2 edits)")
    assert one.calls == ["generate"]


def test_the_rounds_marker_is_no_part_of_the_shown_page_and_stands_in_the_edited_one() -> None:
    first = Round(edit_reply({"index.html": [FIRST]})).run()
    assert first.files["index.html"].content.count(b"11111111-2222") == 1
    again = Round(edit_reply({"index.html": [LAST]}), page=page(first)).run()
    assert again.files["index.html"].content.count(b"11111111-2222") == 1
    assert "<p>first</p>" in page(again)


@pytest.mark.parametrize("ends", [True, False])
def test_an_edited_file_keeps_its_line_ends(ends: bool) -> None:
    style = "a {}\r\nb {}\r\nc {}" + "\r\n" * ends
    edits = {"style.css": [("b {}\n", "b {\n}\n")]}
    outcome = Round(edit_reply(edits), files={"style.css": style.encode()}).run()
    assert outcome.files["style.css"].content.decode() == style.replace("b {}", "b {\r\n}")


def test_an_attached_file_to_change_may_be_edited_in_the_first_round_too() -> None:
    planned = PlannedFile(path="data.csv", source=FileSource.CHANGED, origin="data.csv")
    plan = PLAN.model_copy(update={"files": (*(one for one in PLAN.files if one.path != "data.csv"), planned)})
    author = FakeAuthor(edit_reply({"data.csv": [("1,2\n", "1,3\n")]}, {"index.html": LONG.encode()}))
    outcome = generate(generating(plan=plan), make_ports(author=author))
    assert isinstance(outcome, Generated)
    assert outcome.files["data.csv"].content == b"a,b\r\n1,3\r\n"


def test_an_attachment_that_stays_as_it_came_has_no_edits() -> None:
    edits = {"data.csv": [("1,2\n", "1,3\n")]}
    one = Round(edit_reply(edits), edit_reply({"index.html": [FIRST]}), files={"data.csv": b"a,b\n1,2\n"})
    outcome = one.run()
    assert "- data.csv: it is not shown to you whole" in one.asked(1)
    assert "Answer with data.csv whole" in one.asked(1)
    assert outcome.files["data.csv"].content == b"a,b\n1,2\n"
    assert one.calls == ["generate", "format"]


def test_edits_that_do_not_fit_are_told_once_with_the_nearest_lines_and_asked_for_again() -> None:
    one = Round(
        edit_reply({"index.html": [FIRST, BAD]}, {"README.md": NEW_README}), edit_reply({"index.html": [FIRST, LAST]})
    )
    outcome = one.run()
    assert one.calls == ["generate", "format"]
    assert one.journal.attempts[0].ended["outcome"] == "unmatched"
    assert "<p>first</p>" in page(outcome)
    assert outcome.files["README.md"].content == NEW_README
    request = one.asked(1)
    assert request.startswith(
        "None of your edits of index.html was made, because not all of them fit:\n- index.html, edit 2"
    )
    assert "The nearest lines there" in request
    assert "These are good and are not repeated: README.md." in request
    assert one.author.asked[1][1][-2].content.startswith("=== "), "the model is shown what it had answered"


def test_edits_that_do_not_fit_twice_are_asked_for_as_the_whole_file() -> None:
    bad = edit_reply({"index.html": [BAD], "style.css": [("a {}\n", "a {b}\n")]})
    again = edit_reply({"index.html": [BAD]})
    one = Round(bad, again, page_reply({"index.html": LONG.encode()}), files={"style.css": b"a {}\n"})
    outcome = one.run()
    assert one.calls == ["generate", "format", "format"]
    request = one.asked(2)
    assert "Answer now with index.html whole, every line" in request
    assert "These are good and are not repeated: the edits of style.css." in request
    assert outcome.files["style.css"].content == b"a {b}\n"
    assert outcome.degraded == ""


def test_a_file_whose_edits_were_refused_and_that_does_not_come_again_is_asked_for_whole() -> None:
    one = Round(
        edit_reply({"index.html": [BAD]}),
        page_reply({"README.md": NEW_README}),
        page_reply({"index.html": LONG.encode()}),
    )
    assert one.run().degraded == ""
    assert "- the answer holds none that could be used." in one.asked(2)


@pytest.mark.parametrize(
    "last",
    [edit_reply({"index.html": [BAD]}), "No.", page_reply({"README.md": NEW_README})],
    ids=["edits", "talk", "another file"],
)
def test_where_they_never_fit_nothing_of_the_reply_is_used(last: Spoken) -> None:
    bad = edit_reply({"index.html": [FIRST, BAD]}, {"README.md": NEW_README})
    one = Round(bad, edit_reply({"index.html": [BAD]}), last)
    outcome = one.run()
    assert one.calls == ["generate", "format", "format", "fallback"]
    assert "first answered with edits of index.html that do not fit" in outcome.degraded
    assert "<p>line 0</p>" in page(outcome)
    assert b"eight" not in outcome.files["README.md"].content


def test_where_the_reminder_gets_no_answer_nothing_of_the_reply_is_used_yet() -> None:
    one = Round(edit_reply({"index.html": [FIRST, BAD]}, {"README.md": NEW_README}), Transient("busy", "busy", 5.0))
    ports = make_ports(journal=one.journal, forge=one.forge, author=one.author)
    assert isinstance(generate(one.task, ports), Wait)


def cut(*edits: tuple[str, str], finish_reason: str = "length") -> Spoken:
    """Answer with edits of the page of which the last is cut off in its midst."""

    def reply(messages: Sequence[Message]) -> Reply:
        text = edit_reply({"index.html": edits})(messages)
        return Reply(text[: text.rindex("<p>") + 4], "first", finish_reason)

    return reply


def test_of_edits_that_were_cut_off_only_the_rest_is_asked_for() -> None:
    one = Round(cut(FIRST, LAST), edit_reply({"index.html": [LAST]}, {"README.md": NEW_README}))
    outcome = one.run()
    assert one.calls == ["generate", "continue"]
    assert "<p>first</p>" in page(outcome)
    assert "<p>last</p>" in page(outcome)
    *_, shown, request = one.author.asked[1][1]
    assert (
        shown.content
        == f"=== {mark_of(one)} edit index.html\n=== {mark_of(one)} old\n{FIRST[0]}=== {mark_of(one)} new\n{FIRST[1]}"
    )
    assert "Whole so far: edit 1 to 1 of index.html. Go on with the edit of index.html that was cut" in request.content


def mark_of(one: Round) -> str:
    return boundary_of(one.author.asked[0][1])


def test_edits_that_a_model_had_no_time_to_finish_are_a_time_out() -> None:
    one = Round(cut(FIRST, LAST, finish_reason=DEADLINE))
    ports = make_ports(journal=one.journal, forge=one.forge, author=one.author)
    assert isinstance(generate(one.task, ports), Wait)
    assert one.journal.attempts[0].ended["code"] == "model_timeout"


def test_edits_of_which_the_rest_never_comes_are_not_made() -> None:
    one = Round(cut(FIRST, LAST), Transient("model_out_of_time", "no time was left"))
    outcome = one.run()
    assert outcome.degraded
    assert "<p>line 0</p>" in page(outcome)


def test_other_files_of_a_reply_whose_edits_were_cut_off_are_kept() -> None:
    def reply(messages: Sequence[Message]) -> Reply:
        boundary = boundary_of(messages)
        readme = f"{mark(boundary, 'file', 'README.md')}\n{NEW_README.decode()}"
        return Reply(f"{readme}{cut(FIRST, LAST)(messages).text}", "first", "length")

    one = Round(reply, Transient("model_out_of_time", "no time was left"))
    outcome = one.run()
    assert (outcome.degraded, outcome.files["README.md"].content) == ("", NEW_README)
    assert "<p>line 0</p>" in page(outcome)
    assert "The edits of index.html were cut off, and none of them is used." in outcome.detail


def test_edits_of_a_planned_file_are_not_asked_for_as_missing() -> None:
    planned = PlannedFile(path="data.csv", source=FileSource.CHANGED, origin="data.csv")
    plan = PLAN.model_copy(update={"files": (*(one for one in PLAN.files if one.path != "data.csv"), planned)})
    author = FakeAuthor(edit_reply({"data.csv": [("1,2\n", "1,3\n")]}))
    generate(changed(generating(), plan=plan), make_ports(author=author))
    assert author.asked[1][1][-1].content.startswith("Your answer lacks index.html.")


def asked_before(one: Round) -> tuple[Message, ...]:
    one.run()
    return one.author.asked[0][1]


def test_a_claim_after_a_crash_makes_the_same_page_of_the_stored_reply() -> None:
    answer = edit_reply({"index.html": [FIRST, LAST]}, {"README.md": NEW_README})
    before = Round(answer)
    made = before.run()
    messages = before.author.asked[0][1]
    after = Round()
    after.journal.answered = [
        ("generate", "first", None, ReusedCall(9, messages, Reply(answer(messages), "first", "stop")))
    ]
    again = after.run()
    assert (after.calls, again.attempt) == ([], 9)
    assert {path: file.content for path, file in again.files.items()} == {
        path: file.content for path, file in made.files.items()
    }


def test_of_edits_that_were_cut_by_a_crash_only_the_rest_is_asked_for() -> None:
    messages = asked_before(Round(edit_reply({"index.html": [FIRST]})))
    after = Round(edit_reply({"index.html": [LAST]}))
    stored = ReusedCall(9, messages, Reply(cut(FIRST, LAST)(messages).text, "first", DISCONNECTED))
    after.journal.interrupted = [("generate", "first", None, stored)]
    outcome = after.run()
    assert after.calls == ["continue"]
    assert "<p>first</p>" in page(outcome)
    assert "<p>last</p>" in page(outcome)


REPAIRED = FILES | {"index.html": SiteFile(LONG.encode(), Origin.MODEL)}


def test_a_repair_edits_the_best_attempts_page() -> None:
    outcome = repair(repairing(files=REPAIRED), make_ports(author=FakeAuthor(edit_reply({"index.html": [FIRST]}))))
    assert isinstance(outcome, Generated)
    assert "<p>first</p>" in page(outcome)
    assert outcome.detail.startswith("second repaired index.html (index.html by 1 edit)")


def test_a_repair_by_edits_that_never_fit_comes_to_nothing() -> None:
    bad = edit_reply({"index.html": [BAD]})
    outcome = repair(repairing(files=REPAIRED), make_ports(author=FakeAuthor(bad, bad, bad)))
    assert isinstance(outcome, RepairFailed)
    assert "edits of index.html that do not fit" in outcome.detail


def test_a_model_may_say_that_it_needs_no_edit_of_a_file_that_is_not_shown() -> None:
    def nothing(messages: Sequence[Message]) -> str:
        return mark(boundary_of(messages), "complete", 0)

    one = Round(edit_reply({"new.css": [("a\n", "b\n")]}, {"README.md": NEW_README}), nothing)
    outcome = one.run()
    assert (outcome.degraded, one.calls) == ("", ["generate", "format"])
    assert outcome.files["README.md"].content == NEW_README
