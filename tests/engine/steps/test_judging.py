"""The call for judgements: the judge's prompt, and that no answer can fail a round."""

from __future__ import annotations

import pytest

from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.domain.model_call import DEADLINE, Reply, ReusedCall
from engine.errors import LeaseLost, Permanent, Transient
from engine.prompts.judge import Material as Shown
from engine.prompts.judge import judge_prompt
from engine.steps.judging import LONGEST_ANSWER, MOST_SENTENCES, judge_sentences
from tests.fakes import FakeAuthor, FakeJournal, Spoken, make_ports

FILES = {"index.html": b"<p>Hello", "README.md": b"# A\n", "docs/story.txt": b"Once.\n", "LICENSE": b"MIT"}


def undecided(*sentences: str) -> list[CheckOutcome]:
    return [CheckOutcome(Check(Kind.PROSE, one), Target.LOCAL, Verdict.UNVERIFIABLE) for one in sentences]


STORY = CheckOutcome(
    Check(Kind.FILE, "docs/story.txt: has 300 to 400 words"), Target.LOCAL, Verdict.FAIL, "1 word: 299 too few"
)
ABOUT = CheckOutcome(Check(Kind.FILE, "about.md: is there and is not empty"), Target.LOCAL, Verdict.PASS)
PAGE_LOAD = CheckOutcome(
    Check(Kind.PAGE_LOAD, "The page opens without errors at 1280 pixels"),
    Target.LOCAL,
    Verdict.PASS,
    screenshot=b"\xff\xd8",
)


def asked(*results: CheckOutcome, answers: tuple[Spoken, ...] = ("1: holds - it is",), **over: object):
    author = FakeAuthor()
    author.judgements = list(answers)
    ports = make_ports(**{"author": author, "journal": FakeJournal()} | over)
    return judge_sentences(7, FILES, results, 40, ports), ports


def test_a_judgement_is_labelled_with_the_model_and_what_it_rests_on() -> None:
    found, ports = asked(*undecided("It is pretty."))
    assert found == {
        "It is pretty.": "judged by first to hold, from index.html, README.md; an opinion and no pass: it is"
    }
    begun = ports.journal.attempts[0].begun
    assert (begun["kind"], begun["parent"]) == ("judge", 7)
    assert ports.journal.attempts[0].ended["outcome"] == "1 of 1 judged"
    assert ports.author.judged[0][2:] == (40, LONGEST_ANSWER)


def test_the_judge_sees_the_files_that_a_sentence_names_and_what_code_found_of_them() -> None:
    _, ports = asked(*undecided("story.txt ends happily"), STORY, ABOUT, PAGE_LOAD)
    message = ports.author.judged[0][1][-1]
    assert "Once.\n" in message.content
    assert "docs/story.txt: has 300 to 400 words: fail, 1 word: 299 too few\n" in message.content
    for left_out in ("<p>Hello", "about.md", "1280 pixels"):
        assert left_out not in message.content
    assert message.images == ()


def test_for_a_sentence_about_the_page_the_judge_sees_it_as_the_browser_did() -> None:
    _, ports = asked(*undecided("It is pretty."), STORY, PAGE_LOAD)
    message = ports.author.judged[0][1][-1]
    assert "<p>Hello" in message.content
    assert "The page opens without errors at 1280 pixels: pass\n" in message.content
    assert [(image.media_type, image.content) for image in message.images] == [("image/jpeg", b"\xff\xd8")]
    assert "docs/story.txt" in message.content.partition("[other files ")[2]
    assert "Once." not in message.content


def test_only_sentences_that_nothing_decided_are_judged_each_once_and_not_without_end() -> None:
    decided = CheckOutcome(Check(Kind.PROSE, "It is MIT."), Target.LOCAL, Verdict.PASS)
    unknown = CheckOutcome(Check(Kind.UNKNOWN, "None"), Target.LOCAL, Verdict.UNVERIFIABLE)
    many = undecided("It is.", "It is.", *(f"It is {number}." for number in range(MOST_SENTENCES + 5)))
    _, ports = asked(decided, unknown, *many)
    text = ports.author.judged[0][1][-1].content.partition("\nSentences:\n")[2]
    assert [line for line in text.splitlines() if line[:1].isdigit()] == [
        "1. It is.",
        *(f"{number + 2}. It is {number}." for number in range(MOST_SENTENCES - 1)),
    ]


def test_what_the_answer_leaves_out_stays_undecided() -> None:
    found, _ = asked(*undecided("a", "b"), answers=("2: cannot tell - not shown",))
    assert found == {"b": "judged by first: it cannot tell from index.html, README.md: not shown"}


def test_the_last_line_of_an_answer_that_was_cut_off_is_not_read() -> None:
    found, _ = asked(*undecided("a", "b"), answers=(Reply("1: holds - a\n2: fails", "first", DEADLINE),))
    assert list(found) == ["a"]


@pytest.mark.parametrize("seconds", [0, 40])
def test_without_a_sentence_or_time_nobody_is_asked(seconds: float) -> None:
    author = FakeAuthor()
    results = undecided("a") if not seconds else [STORY]
    assert judge_sentences(7, FILES, results, seconds, make_ports(author=author)) == {}
    assert author.judged == []


@pytest.mark.parametrize("error", [Transient("model_timeout", "late"), Permanent("model_refused_request", "no")])
def test_a_call_that_fails_leaves_the_sentences_as_they_are(error: Exception) -> None:
    found, ports = asked(*undecided("a"), answers=(error,))
    assert found == {}
    assert ports.journal.attempts[0].ended["code"] == error.code


def test_a_bound_on_spending_leaves_them_as_they_are_too() -> None:
    journal = FakeJournal()
    journal.refusals = [Permanent("round_tokens_spent", "no tokens are left")]
    assert asked(*undecided("a"), journal=journal)[0] == {}


def test_a_lost_lease_ends_it() -> None:
    with pytest.raises(LeaseLost):
        asked(*undecided("a"), answers=(LeaseLost(),))


def test_what_an_earlier_claim_was_answered_is_not_asked_again() -> None:
    journal = FakeJournal()
    messages = judge_prompt(["a"], Shown({}), boundary="b0").messages
    journal.answered = [("judge", "first", 7, ReusedCall(9, messages, Reply("1: fails - no", "", "stop")))]
    found, ports = asked(*undecided("a"), journal=journal)
    assert found["a"].startswith("judged by first to fail")
    assert ports.author.judged == []
