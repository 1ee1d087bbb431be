"""Compares two texts line by line, in the format of `diff -u`, with limits for any input."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: At most this many differing lines are compared: the time is quadratic and reaches seconds above this.
MOST_COMPARED = 1_000
MOST_LINES = 400
LONGEST_LINE = 300
_CONTEXT = 3


def line_diff(before: str, after: str) -> list[str] | None:
    """Return the differing lines in `diff -u` format with three lines of context; None if too many differ."""
    old, new = before.splitlines(), after.splitlines()
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    if max(len(old), len(new)) - head - tail > MOST_COMPARED:
        return None
    start, end = max(head - _CONTEXT, 0), max(tail - _CONTEXT, 0)
    lines = difflib.unified_diff(
        old[start : len(old) - end], new[start : len(new) - end], n=_CONTEXT, lineterm="", fromfile="", tofile=""
    )
    shown = [_bounded(line, start) for line in list(lines)[2:]]
    rest = len(shown) - MOST_LINES
    return [*shown[:MOST_LINES], *([f"@@ {rest} more lines differ @@"] if rest > 0 else [])]


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """Return the number of equal lines at the beginning of both texts."""
    return next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _bounded(line: str, start: int) -> str:
    if line.startswith("@@"):
        return re.sub(r"([-+])(\d+)", lambda found: f"{found[1]}{int(found[2]) + start}", line)
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"
