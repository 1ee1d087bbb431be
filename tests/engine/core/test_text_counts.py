from __future__ import annotations

import pytest

from engine.core.text_counts import Count, readings, take_counts
from tests.little_time import little_time


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ("exactly 50 words", "exactly 50 words"),
        ("of 50 words", "exactly 50 words"),
        ("three words", "exactly 3 words"),
        ("one word", "exactly 1 word"),
        ("a single line", "exactly 1 line"),
        ("300-400 words", "300 to 400 words"),
        ("a 300-400 word short story", "300 to 400 words"),
        ("a 300\u2013400-word story", "300 to 400 words"),
        ("300 to 400 words", "300 to 400 words"),
        ("between 300 and 400 words", "300 to 400 words"),
        ("between 1,000 and 2,000 words", "1000 to 2000 words"),
        ("at least 100 words", "at least 100 words"),
        ("100 or more words", ""),
        ("100 words or more", "at least 100 words"),
        ("a minimum of 100 words", "at least 100 words"),
        ("at most ten lines", "at most 10 lines"),
        ("no more than 280 characters", "at most 280 characters"),
        ("up to 20 words", "at most 20 words"),
        ("under 20 words", "at most 19 words"),
        ("fewer than twenty words", "at most 19 words"),
        ("more than 20 words", "at least 21 words"),
        ("a three-line haiku", "exactly 3 lines"),
        ("two paragraphs", "exactly 2 paragraphs"),
        ("five sentences long", "exactly 5 sentences"),
        ("a 50-word summary", "exactly 50 words"),
        ("50 words of text", "exactly 50 words"),
        ("max 100 words", "at most 100 words"),
        ("\u2264 100 words", "at most 100 words"),
        ("word count: 300-400", "300 to 400 words"),
        ("a word count of exactly 50", "exactly 50 words"),
        ("word count is between 300 and 400", "300 to 400 words"),
    ],
)  # fmt: skip
def test_a_number_of_words_is_understood(clause: str, said: str) -> None:
    assert "; ".join(map(str, take_counts(clause)[0])) == said


@pytest.mark.parametrize(
    "clause",
    [
        "about 50 words",
        "roughly 300-400 words",
        "~50 words",
        "50 words or so",
        "the first 50 words of it",
        "five words per line",
        "three lines of five words",
        "a title of five words",
        "a tagline with three words",
        "with a 50-word introduction",
        "three sentences each",
        "every 50 words",
        "50 or 60 words",
        "50 words or 300 characters",
        "between 300 words",
        "at least at most 5 words",
        "300-400 to 500 words",
        "400-300 words",
        "3.5 words",
        "words",
        "passwords: 12 words-per-minute",
        "a list of the three most frequent words",
        "two hundred different words",
    ],
)
def test_what_is_not_the_length_of_a_file_or_not_sure_is_no_rule(clause: str) -> None:
    counts, left = take_counts(clause)
    assert counts == []
    assert left == clause


def test_what_was_understood_is_taken_out() -> None:
    assert take_counts("with exactly 50 words and a smile")[1].split() == ["with", "and", "a", "smile"]


@pytest.mark.parametrize(
    ("unit", "text", "found"),
    [
        ("word", "", (0,)),
        ("word", "one two\n three\t", (3,)),
        ("word", "it's a well-known fact", (4,)),
        ("word", "this \u2014 or that", (3, 4)),
        ("word", "# Title\n\nbody", (2, 3)),
        ("line", "a\nb\nc\n", (3,)),
        ("line", "a\n\nb", (2, 3)),
        ("line", "\n\n", (0,)),
        ("sentence", "One. Two! Three?", (3,)),
        ("sentence", "Mr. Smith came.", (2,)),
        ("sentence", "See e.g. this. And that", (2, 3)),
        ("paragraph", "a\nb\n\nc\n\n\nd", (3,)),
        ("paragraph", "# T\n\na", (1, 2)),
        ("character", "abc\n", (3, 4)),
    ],
)
def test_units_are_counted_as_we_and_as_others_count(unit: str, text: str, found: tuple[int, ...]) -> None:
    assert readings(unit, text) == found


def test_bounds_hold() -> None:
    assert [Count("word", 3, 5).holds(n) for n in (2, 3, 5, 6)] == [False, True, True, False]
    assert Count("word", 3, None).holds(10**9)


@pytest.mark.parametrize(
    "text", ["at least " * 20_000, "1-" * 40_000, "9" * 80_000, "1,000" * 16_000, "between 1 and " * 6_000]
)
def test_hostile_clauses_are_read_in_no_time(text: str) -> None:
    with little_time():
        take_counts(text)


@pytest.mark.parametrize(
    "text", ["." * 150_000, "a. " * 60_000, "\n \n" * 60_000, '."' * 60_000, "." * 3 + '"' * 150_000 + "x"]
)
def test_hostile_files_are_counted_in_no_time(text: str) -> None:
    with little_time():
        for unit in ("word", "line", "sentence", "paragraph", "character"):
            readings(unit, text)
