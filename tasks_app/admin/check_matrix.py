"""Checks against attempts: what each attempt gave for each check, and what the live page gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.domain.checks import Verdict
from tasks_app.reports.display import MOST_ROWS, NOTHING, pill, row_link, short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.safestring import SafeString

    from tasks_app.models import CheckResult
    from tasks_app.reports.round_report import RoundReport

#: So many judged attempts side by side, the newest; all of them are among the check results further down.
MOST_ATTEMPTS = 5

Predicate = tuple["SafeString | str", str, str]  # verdict, words and what was seen


@dataclass(frozen=True, slots=True)
class Cell:
    """What a check gave: the verdict, why where it is no pass, and its predicates (`unfold`: where one failed)."""

    verdict: SafeString | str
    link: SafeString | str = ""
    detail: str = ""
    predicates: tuple[Predicate, ...] = ()
    unfold: bool = False


@dataclass(frozen=True, slots=True)
class Matrix:
    """Headings of the columns, for each check its kind, text and cells, and in words how many checks hold."""

    columns: tuple[str, ...]
    lines: tuple[tuple[str, str, tuple[Cell, ...]], ...]
    counts: str


def matrix(report: RoundReport) -> Matrix | None:
    """Return the matrix of a round; None where nothing was checked yet."""
    chosen, kinds = report.row.chosen_attempt_id, {call.pk: call.kind for call in report.attempts}
    newest = list(report.results.items())[-MOST_ATTEMPTS:]
    columns: list[tuple[str, Mapping[int, CheckResult]]] = [
        (
            f"{kinds[attempt]} {attempt}{', chosen' if attempt == chosen else ''}",
            {line.latest.position: line.local for line in checks.lines if line.local},
        )
        for attempt, checks in newest
    ]
    if not columns:
        return None
    if chosen and (live := {line.latest.position: line.live for line in report.checks.lines if line.live}):
        columns.append(("live page", live))
    shown = {line.latest.position: line for _, checks in newest for line in checks.lines}
    lines = sorted(shown.values(), key=lambda line: line.order)[:MOST_ROWS]
    return Matrix(
        tuple(short(heading) for heading, _ in columns),
        tuple(
            (
                line.latest.kind,
                short(line.latest.text),
                tuple(_cell(column.get(line.latest.position)) for _, column in columns),
            )
            for line in lines
        ),
        str(report.counts),
    )


def _cell(result: CheckResult | None) -> Cell:
    if result is None:
        return Cell(NOTHING)
    passed = result.verdict == Verdict.PASS
    predicates = tuple((pill(one["verdict"]), short(one["says"]), short(one["seen"])) for one in result.predicates)
    detail = "" if passed else short(result.detail, 120)
    return Cell(pill(result.verdict), row_link(result, "values"), detail, predicates, unfold=not passed)
