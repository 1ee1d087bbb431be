"""The recorded answers of the benchmark of edits: each fits the page before it, and its whole files are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.edits import MOST, SPEED, Result, recorded, report, written_whole
from engine.prompts.parsing.parsed_reply import Outcome
from engine.prompts.replies import parse_reply

if TYPE_CHECKING:
    import pytest

B = "7f3a9c"


def test_each_recorded_answer_fits_the_page_of_the_round_before() -> None:
    shown: dict[str, bytes] = {}
    rounds = recorded()
    for one in rounds:
        texts = {path: content.decode() for path, content in shown.items()}
        answer = one["answer"].replace("BOUNDARY", B)
        reply = parse_reply(answer, B, shown=texts)
        assert (reply.outcome, reply.problems) == (Outcome.OK, ())
        whole = written_whole(answer, B, shown)
        assert parse_reply(whole, B, shown=texts).files == reply.whole_files(texts)
        shown |= reply.whole_files(texts)
    assert len(rounds) == 13
    assert sum(line.startswith("js: ") for one in rounds for line in one["checks"]) == 23


def test_the_figures_are_of_the_later_rounds_alone(capsys: pytest.CaptureFixture[str]) -> None:
    edited, whole = Result(1, 100, 1, 400, ["pass"]), Result(1, 1_000, 1, 400, ["pass"], ["pass", "fail"])
    report([whole, edited, edited], [whole, whole, whole])
    said = capsys.readouterr().out
    assert f"| in all | | 200 | 2000 | {200 / SPEED:.0f} | {2000 / SPEED:.0f} | 2/2, 0/0 | 2/2, 2/4 |" in said
    assert f"0.1, at most {MOST:g}: met" in said
