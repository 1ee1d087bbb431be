"""The table of checks against attempts, with each result before publishing and on the live page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.domain.checks import Verdict
from tasks_app.reports.display import MOST_ROWS, NOTHING, pill, row_link, short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks_app.models import CheckResult
    from tasks_app.reports.round_report import RoundReport

#: The most attempts in the table, the newest judged ones. The page's check results include all attempts.
MOST_ATTEMPTS = 5


def matrix(report: RoundReport) -> dict[str, object] | None:
    """Return the template's column headings, the kind, text and cells of each check, and the counts in words.

    Return None before the first check.
    """
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
    line_by_position = {line.latest.position: line for _, checks in newest for line in checks.lines}
    lines = sorted(line_by_position.values(), key=lambda line: line.order)[:MOST_ROWS]
    return {
        "columns": [short(heading) for heading, _ in columns],
        "lines": [
            (x.latest.kind, short(x.latest.text), [_cell(column.get(x.latest.position)) for _, column in columns])
            for x in lines
        ],
        "counts": str(report.counts),
    }


def _cell(result: CheckResult | None) -> dict[str, object]:
    """Return the verdict, its reason unless it is a pass, and the predicates, unfolded if one failed."""
    if result is None:
        return {"verdict": NOTHING}
    passed = result.verdict == Verdict.PASS
    return {
        "verdict": pill(result.verdict),
        "link": row_link(result, "values"),
        "detail": "" if passed else short(result.detail, 120),
        "predicates": [(pill(one["verdict"]), short(one["says"]), short(one["seen"])) for one in result.predicates],
        "unfold": not passed,
    }
