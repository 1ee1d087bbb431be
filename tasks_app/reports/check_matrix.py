"""Checks against attempts: what each attempt gave for each check, and what the live page gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.domain.checks import Kind, Target, Verdict
from tasks_app.models import CheckResult
from tasks_app.reports.display import MOST_ROWS, NOTHING, pill, row_link, short, visible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from django.utils.safestring import SafeString

    from tasks_app.models import Round

#: So many judged attempts side by side, the newest; all of them are among the check results further down.
MOST_ATTEMPTS = 5

#: Advice, and the plan's own tests, which are no checks of the request.
NOT_COUNTED = frozenset({Kind.REVIEW, Kind.TEST})

HEAVY = ("screenshot", "console", "value")


@dataclass(frozen=True, slots=True)
class Cell:
    """What a check gave: the verdict, why where it is no pass, and verdict, words and what was seen of each predicate (`unfold`: where one failed)."""

    verdict: SafeString | str
    link: SafeString | str = ""
    detail: str = ""
    predicates: tuple[tuple[SafeString | str, str, str], ...] = ()
    unfold: bool = False


@dataclass(frozen=True, slots=True)
class Matrix:
    """Headings of the columns, and for each check its kind, text and cells."""

    columns: tuple[str, ...]
    lines: tuple[tuple[str, str, tuple[Cell, ...]], ...]
    passed: int
    total: int


def latest(results: Iterable[CheckResult]) -> list[CheckResult]:
    """Return one result for each check of an attempt: the live one where there is one. Views of the page are no checks."""
    by_position = {
        r.position: r for r in sorted(results, key=lambda r: r.target == Target.LIVE) if r.kind != Kind.PAGE_LOAD
    }
    return [by_position[position] for position in sorted(by_position)]


def tallies(attempts: Collection[int]) -> dict[int, tuple[int, int]]:
    """Return for each attempt how many of its checks passed, and how many there are, with one query."""
    found: dict[int, list[CheckResult]] = {}
    for result in (
        CheckResult.objects.filter(attempt__in=attempts)
        .exclude(kind__in=NOT_COUNTED)
        .only("attempt_id", "position", "target", "kind", "verdict")
    ):
        found.setdefault(result.attempt_id, []).append(result)
    counted = {attempt: latest(results) for attempt, results in found.items()}
    return {a: (sum(r.verdict == Verdict.PASS for r in results), len(results)) for a, results in counted.items()}


def matrix(row: Round) -> Matrix | None:
    """Return the matrix of a round; None where nothing was checked yet."""
    judged = list(
        row.attempts.filter(check_results__isnull=False)
        .distinct()
        .order_by("-pk")
        .values_list("pk", "kind")[:MOST_ATTEMPTS]
    )[::-1]
    if not judged:
        return None
    results = list(
        CheckResult.objects.filter(attempt__in=[pk for pk, _ in judged]).defer(*HEAVY).order_by("attempt", "position")
    )
    columns: list[tuple[str, dict[int, CheckResult]]] = []
    for pk, kind in judged:
        chosen = ", chosen" if pk == row.chosen_attempt_id else ""
        columns.append((f"{kind} {pk}{chosen}", _column(results, pk, live=False)))
    if live := _column(results, row.chosen_attempt_id, live=True):
        columns.append(("live page", live))
    checks = {p: r for _, column in columns for p, r in column.items()}
    lines = tuple(
        (checks[p].kind, short(checks[p].text), tuple(_cell(column.get(p)) for _, column in columns))
        for p in sorted(checks)[:MOST_ROWS]
    )
    passed, total = tallies([row.chosen_attempt_id or judged[-1][0]]).get(
        row.chosen_attempt_id or judged[-1][0], (0, 0)
    )
    return Matrix(tuple(visible(heading) for heading, _ in columns), lines, passed, total)


def _column(results: Iterable[CheckResult], attempt: int | None, *, live: bool) -> dict[int, CheckResult]:
    return {r.position: r for r in results if r.attempt_id == attempt and (r.target == Target.LIVE) is live}


def _cell(result: CheckResult | None) -> Cell:
    if result is None:
        return Cell(NOTHING)
    passed = result.verdict == Verdict.PASS
    predicates = tuple((pill(one["verdict"]), short(one["says"]), short(one["seen"])) for one in result.predicates)
    detail = "" if passed else short(result.detail, 120)
    return Cell(pill(result.verdict), row_link(result, "values"), detail, predicates, unfold=not passed)
