"""Durations in words, for the console and the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def between(start: datetime, end: datetime | None) -> str:
    """Return the time between two moments; with `end` None, up to now."""
    return duration((end - start).total_seconds()) if end else "under way"


def took(seconds: float | None, error: str) -> str:
    """Return how long a call took; that is unknown for an interrupted call."""
    return duration(seconds) if seconds is not None else "" if error else "under way"
