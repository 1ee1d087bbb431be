"""Reads GitHub's rate limits from its headers.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from engine.domain.http import retry_after
from engine.domain.repository import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The longest wait in seconds that we take from a header, so that a wrong header does not stop a service for days.
LONGEST = 7200.0

#: Phrases in the text of a refusal by a limit, for answers without the headers.
_WORDS = ("secondary rate limit", "api rate limit exceeded", "abuse detection", "too many requests")


def limits_of(headers: Mapping[str, str]) -> Limits | None:
    """Return the primary limit from headers with lower-case names; None if they have no usable one."""
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
    """Say whether a refusal is about the primary or a secondary limit."""
    if status == 429:
        return True
    if status != 403:
        return False
    spent = headers.get("x-ratelimit-remaining") == "0"
    return spent or "retry-after" in headers or any(word in text.lower() for word in _WORDS)


def wait_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds until `Retry-After`, else until the reset of a spent primary limit, at least 1.

    Returns None if the headers name no time.
    """
    if headers.get("retry-after", "").strip():
        return _bounded(retry_after(headers, now))
    limits = limits_of(headers)
    if limits and limits.remaining == 0:
        return _bounded((limits.reset - now) / timedelta(seconds=1) + 1)
    return None


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(seconds, 1.0), LONGEST)
