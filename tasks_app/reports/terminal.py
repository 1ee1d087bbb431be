"""Rounds as text for a terminal: one round's lines with their subjects, or a table of rounds."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from engine.domain.lifecycle import ENDED
from tasks_app.reports.display import short, visible
from tasks_app.reports.round_report import flags

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from tasks_app.reports.explanation import Line
    from tasks_app.reports.round_report import RoundLine

_HEADINGS = ("", "ID", "STATE", "CHECKS", "AGE", "ROUND", "FLAGS", "TASK")
_SHORTEST_TASK = 12
_ABOUT = 11  # columns


def folded(lines: Iterable[Line], width: int) -> str:
    """Return the lines, wrapped; foreign line breaks become blanks. An address is never broken, so it can be copied."""
    return "\n".join(
        textwrap.fill(
            visible(" ".join(text.split())),
            width,
            initial_indent=f"{about:<{_ABOUT}}",
            subsequent_indent=" " * _ABOUT,
            break_long_words="://" not in text,
            break_on_hyphens=False,
        )
        for about, text in lines
    )


def rounds_table(lines: Sequence[RoundLine], now: datetime, width: int) -> str:
    """Return one line for each round, at most `width` columns wide if the flags leave room for the task's name."""
    rows = [_HEADINGS, *(_cells(line, now) for line in lines)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(_HEADINGS) - 1)]
    room = max(width - sum(widths) - 2 * len(widths), _SHORTEST_TASK)
    return "\n".join(
        "  ".join([*(cell.ljust(wide) for cell, wide in zip(cells, widths, strict=False)), short(cells[-1], room - 1)])
        for cells in rows
    )


def _cells(line: RoundLine, now: datetime) -> tuple[str, ...]:
    row = line.row
    return (
        "!" if row.needs_attention else "",
        str(row.pk)[:8],
        row.state if row.state in ENDED - {"failed"} else f"{row.state} {row.step}",
        str(line.counts.request) if line.counts.request.of else "-",
        _age(now - row.created_at),
        str(row.number),
        " ".join(flag for flag in flags(row) if flag != "needs_attention"),
        row.task_name,
    )


def _age(passed: timedelta) -> str:
    seconds = max(int(passed.total_seconds()), 0)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
