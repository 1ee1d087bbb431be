"""HTTP responses, and the meaning of their headers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response. `headers` have lower-case names; `truncated`: the body was longer than the limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str  # after redirects
    truncated: bool = False


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds from `now` that `Retry-After` names (RFC 9110, 10.2.3); None if it names no time."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value) if value[:1].isdigit() else _seconds_until(value, now)
    except (ValueError, TypeError):
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _seconds_until(date: str, now: datetime) -> float:
    moment = parsedate_to_datetime(date)
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
