"""That the suite is true: the page that is known to be right passes everything, and no lesser one does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.domain.checks import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.suite.judge import Judge
    from benchmarks.suite.tasks import SuiteRound, SuiteTask
    from engine.domain.checks import Check, CheckOutcome


def false_claims(task: SuiteTask, judge: Judge) -> list[str]:
    """Return in sentences what of a task is not as the suite says; [] for a task that is true.

    That an empty page passes none is seen on the way: the browser runs each check on one first, and what holds there is
    no pass.
    """
    first, second = task.rounds
    data = {**first.attachments, **second.attachments}
    wrong = [
        *_claims(first, (), second.checks, data, judge, "round 2 asks for nothing that round 1's page does not do")
    ]
    wrong = [f"round 1: {sentence}" for sentence in wrong]
    kept = (*first.checks, *first.withheld)
    wrong += [f"round 2: {sentence}" for sentence in _claims(second, kept, (), data, judge, "")]
    return [f"{task.name}, {sentence}" for sentence in wrong]


def _claims(
    one: SuiteRound, kept: Sequence[Check], beyond: Sequence[Check], data: Mapping[str, bytes], judge: Judge, why: str
) -> Iterator[str]:
    """Judge a round's page: `kept` are the earlier round's checks, `beyond` those of a later one, which must not all
    hold yet."""
    site = {"index.html": one.reference, **data}
    must = (*one.checks, *one.withheld, *kept)
    other = one.swap.checks if one.swap else ()
    results = judge.results(site, (*must, *other, *beyond), one.api)
    old, later = results[len(must) : len(must) + len(other)], results[len(must) + len(other) :]
    yield from (f"its page: {_said(result)}" for result in results[: len(must)] if not _passed(result))
    if other and all(map(_passed, old)):
        yield "with the old data the swap's checks hold too"
    if beyond and all(map(_passed, later)):
        yield why
    if one.swap:
        swapped = judge.results({**site, **one.swap.attachments}, other, {**one.api, **one.swap.api})
        yield from (f"swapped: {_said(result)}" for result in swapped if not _passed(result))


def _passed(result: CheckOutcome) -> bool:
    return result.verdict is Verdict.PASS


def _said(result: CheckOutcome) -> str:
    return f"{result.check.text}: {result.verdict} {result.detail}"
