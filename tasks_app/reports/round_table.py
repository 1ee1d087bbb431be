"""Rounds as a table, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.domain.checks import Verdict
from engine.domain.lifecycle import ENDED
from tasks_app.reports.check_matrix import NOT_COUNTED
from tasks_app.reports.display import short
from tasks_app.reports.status import round_head, round_results

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from tasks_app.models import Round

_FLAGS = ("live", "degraded", "late", "simulated")
_HEADINGS = ("", "ID", "STATE", "CHECKS", "AGE", "ROUND", "FLAGS", "TASK")
_SHORTEST_TASK = 12


def round_line(row: Round) -> dict[str, object]:
    """Return what the table says of a round, as data."""
    passed, total = _passed(row)
    return round_head(row) | {"email": row.email, "nonce": row.nonce, "checks": {"passed": passed, "total": total}}


def round_table(rows: Sequence[Round], now: datetime, width: int) -> str:
    """Return the table with its headings, at most `width` columns wide where the flags leave room for a task's name."""
    lines = [_HEADINGS, *(_cells(row, now) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS) - 1)]
    room = max(width - sum(widths) - 2 * len(widths), _SHORTEST_TASK)
    return "\n".join(
        "  ".join([*(cell.ljust(wide) for cell, wide in zip(line, widths, strict=False)), short(line[-1], room - 1)])
        for line in lines
    )


def flags(row: Round) -> list[str]:
    """Return the names of the flags that are up."""
    return [flag for flag in _FLAGS if getattr(row, flag)]


def _cells(row: Round, now: datetime) -> tuple[str, ...]:
    passed, total = _passed(row)
    return (
        "!" if row.needs_attention else "",
        str(row.pk)[:8],
        row.state if row.state in ENDED - {"failed"} else f"{row.state} {row.step}",
        f"{passed}/{total}" if total else "-",
        _age(now - row.created_at),
        str(row.number),
        " ".join(flags(row)),
        row.task_name,
    )


def _passed(row: Round) -> tuple[int, int]:
    verdicts = [result.verdict for result in round_results(row) if result.kind not in NOT_COUNTED]
    return verdicts.count(Verdict.PASS), len(verdicts)


def _age(passed: timedelta) -> str:
    seconds = max(int(passed.total_seconds()), 0)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
