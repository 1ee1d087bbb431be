"""Conversations with a model: the reminder, the continuations, and half a page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.errors import Permanent, Transient
from engine.ports import DEADLINE, DISCONNECTED, CommitSpec, Recalled, Reply, RepositorySpec
from engine.steps.generate import generate
from engine.steps.outcomes import Generated, Wait
from tests.engine.steps.inputs import LATER, generating
from tests.fakes import NOW, PAGE, README, Cut, FakeAuthor, FakeForge, FakeJournal, make_ports, page_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from engine.ports import Message, Repository


def made(outcome: object) -> Generated:
    assert isinstance(outcome, Generated)
    return outcome


def contents(outcome: Generated) -> dict[str, bytes]:
    return {path: file.content for path, file in outcome.files.items()}


def a_page_published() -> tuple[FakeForge, Repository]:
    forge = FakeForge(lambda: NOW)
    place = forge.create(RepositorySpec("r", "12345678", generating().task_key, "d", NOW))
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
    """Return a journal in which an earlier claim was asking for the page and had heard a part of it when it ended."""
    asked = FakeAuthor()
    generate(generating(), make_ports(author=asked))
    messages, journal = asked.asked[0][1], FakeJournal()
    cut = Recalled(9, messages, Reply(part(messages), "first", DISCONNECTED))
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
def test_what_holds_nothing_whole_is_asked_for_anew(part: Callable[[Sequence[Message]], str]) -> None:
    journal = interrupted(part)
    made(generate(generating(), make_ports(journal=journal, author=FakeAuthor())))
    assert [(row.begun["kind"], row.begun["parent"]) for row in journal.attempts] == [("generate", None)]


def test_all_of_an_answer_of_which_only_the_end_of_its_process_came_between_is_asked_for_no_more() -> None:
    journal = interrupted(page_reply())
    outcome = made(generate(generating(), make_ports(journal=journal, author=FakeAuthor())))
    assert (outcome.attempt, journal.attempts) == (9, [])


def test_each_piece_of_an_answer_is_told_to_the_journal() -> None:
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
    assert "index.html is missing" in author.asked[1][1][-1].content
    assert contents(outcome)["README.md"] == README


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
