from __future__ import annotations

import pytest

from engine.prompts.judge import LONGEST_REASON, Judgement, Opinion, parse_judgements


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("1: holds - it is there", [Judgement(Opinion.HOLDS, "it is there"), None]),
        ("**2.** Fails \u2013 no table", [None, Judgement(Opinion.FAILS, "no table")]),
        (
            "Here you are:\n1) can't tell: not shown\n2: holds",
            [Judgement(Opinion.CANNOT_TELL, "not shown"), Judgement(Opinion.HOLDS, "no reason was given")],
        ),
        ("1: holds - a\n1: fails - b", [Judgement(Opinion.HOLDS, "a"), None]),
        ("1: holdsome\n3: holds - there are two", [None, None]),
        ("", [None, None]),
    ],
)
def test_an_answer_is_read_line_by_line(reply: str, found: list[Judgement | None]) -> None:
    assert parse_judgements(reply, 2) == found


def test_a_long_answer_is_cut_and_read_at_once() -> None:
    assert parse_judgements("1: holds - " + "x" * 5_000, 1) == [Judgement(Opinion.HOLDS, "x" * LONGEST_REASON)]
    assert parse_judgements(" " * 3_000_000 + "1: holds - x", 1) == [None]
    assert parse_judgements(("1" * 3 + ":" * 500 + "\n") * 50, 1) == [None]


@pytest.mark.parametrize("opinion", Opinion)
def test_a_label_names_the_model_and_the_evidence_and_never_reads_like_a_pass(opinion: Opinion) -> None:
    label = Judgement(opinion, "why").label("some-model", "README.md")
    assert label.startswith("judged by some-model")
    assert "README.md" in label
    assert label.endswith("why")
    if opinion is not Opinion.CANNOT_TELL:
        assert "an opinion and no" in label
