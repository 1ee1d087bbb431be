"""That the suite is true: the page that is known to be right passes everything, and no lesser one does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.checks import Target, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.suite.judge import Judge
    from benchmarks.suite.tasks import SuiteRound, SuiteTask
    from engine.core.checks import CheckResult

EMPTY = b"<!DOCTYPE html>\n<html><head></head><body></body></html>\n"


def false_claims(task: SuiteTask, judge: Judge) -> list[str]:
    """Return in sentences what of a task is not as the suite says; [] for a task that is true.

    A pass shows that a check does not hold on an empty page: the browser calls it vacuous there.
    """
    first, second = task.rounds
    data = dict(first.attachments)
    wrong = list(_round_claims("round 1", first, (), data, judge))
    data |= second.attachments
    wrong += _round_claims("round 2", second, (*first.checks, *first.withheld), data, judge)
    results = judge.results({"index.html": first.reference, **data}, second.checks, second.api)
    if all(result.verdict is Verdict.PASS for result in results):
        wrong.append("round 2 asks for nothing that round 1's page does not do")
    return [f"{task.name}: {sentence}" for sentence in wrong]


def _round_claims(
    name: str, one: SuiteRound, kept: Sequence[object], data: Mapping[str, bytes], judge: Judge
) -> Iterator[str]:
    site = {"index.html": one.reference, **data}
    asked = [*one.checks, *one.withheld, *kept]
    yield from (f"{name}, its page: {_said(r)}" for r in judge.results(site, asked, one.api) if not _passed(r))
    empty = judge.results({"index.html": EMPTY, **data}, [*one.checks, *one.withheld], one.api)
    yield from (f"{name}, an empty page passes: {_said(r)}" for r in empty if _passed(r))
    if one.swap is None:
        return
    swapped, api = {**site, **one.swap.attachments}, {**one.api, **one.swap.api}
    yield from (f"{name}, swapped: {_said(r)}" for r in judge.results(swapped, one.swap.checks, api) if not _passed(r))
    if all(_passed(r) for r in judge.results(site, one.swap.checks, one.api)):
        yield f"{name}: with the old data the swap's checks hold too"


def _passed(result: CheckResult) -> bool:
    return result.verdict is Verdict.PASS and result.target is Target.LOCAL


def _said(result: CheckResult) -> str:
    return f"{result.check.text}: {result.verdict} {result.detail}"
