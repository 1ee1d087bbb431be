"""GitHub's limits as its own headers tell them.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from engine.domain.http import retry_after
from engine.domain.repository import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

#: No header of a limit is taken for more than this, in seconds: a mistaken one must not end the trying.
LONGEST = 7200.0

#: How a refusal by a limit reads where no header says so.
_WORDS = ("secondary rate limit", "api rate limit exceeded", "abuse detection", "too many requests")


def limits_of(headers: Mapping[str, str]) -> Limits | None:
    """Return what the headers (by lower-case name) say of the primary limit; None where they say nothing usable of it."""
    if headers.get("x-ratelimit-resource", "core") != "core":
        return None
    try:
        limit, remaining, reset = (
            int(float(headers[f"x-ratelimit-{name}"])) for name in ("limit", "remaining", "reset")
        )
        return Limits(limit, remaining, datetime.fromtimestamp(reset, UTC))
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def refused_by_limit(status: int, headers: Mapping[str, str], text: str) -> bool:
    """Say whether a refusal is about a limit, primary or secondary, and about nothing else."""
    if status == 429:
        return True
    if status != 403:
        return False
    spent = headers.get("x-ratelimit-remaining") == "0"
    return spent or "retry-after" in headers or any(word in text.lower() for word in _WORDS)


def wait_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that the headers of a refusal ask for, at least 1; None where they name no time.

    `Retry-After` first, then the reset of a spent primary limit.
    """
    if headers.get("retry-after", "").strip():
        return _bounded(retry_after(headers, now))
    limits = limits_of(headers)
    if limits and limits.remaining == 0:
        return _bounded((limits.reset - now) / timedelta(seconds=1) + 1)
    return None


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(seconds, 1.0), LONGEST)
