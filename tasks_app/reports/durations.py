"""How long something took, in the words of the console and of the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def between(start: datetime, end: datetime | None) -> str:
    """Return the time between two moments, `end` None: it goes on."""
    return f"{(end - start).total_seconds():.1f} s" if end else "under way"


def took(seconds: float | None, error: str) -> str:
    """Return how long a call took: nobody knows it of one that was interrupted."""
    return f"{seconds:.1f} s" if seconds is not None else "" if error else "under way"
