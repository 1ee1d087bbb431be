"""Computes when the next write may be sent under GitHub's limits, from the times of earlier writes.

GitHub asks for a second between writes, and stops a token after 80 a minute or 500 an hour. We stay below both limits.
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from engine.errors import OutOfService, RateLimited

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from engine.errors import Transient

SPACING = timedelta(seconds=1)
#: At most this many writes within any span of this length.
MOST = ((60, timedelta(minutes=1)), (480, timedelta(hours=1)))
#: How many earlier writes `earliest` needs.
KNOWN = max(count for count, _ in MOST)

#: The longest wait in seconds for which rounds wait one by one; a longer one opens the forge's breaker.
SHORT_WAIT = 120.0


def earliest(writes: Sequence[datetime], now: datetime) -> datetime:
    """Return the time of the next write, `now` or later. `writes` are the newest KNOWN writes in order of time."""
    allowed = [now]
    if writes:
        allowed.append(writes[-1] + SPACING)
    allowed += [writes[-count] + span for count, span in MOST if len(writes) >= count]
    return max(allowed)


def limit_reached(seconds: float, why: str, *, now: datetime) -> Transient:
    """Return the error for a request while GitHub wants none for `seconds` more."""
    sentence = f"GitHub's limit is reached; it is asked again in {seconds:.0f} s" + (f" ({why[:200]})" if why else "")
    if seconds <= SHORT_WAIT:
        return RateLimited("forge_limit", f"{sentence}.", seconds)
    return OutOfService("forge_limit_spent", f"{sentence}.", kind="forge", until=now + timedelta(seconds=seconds))
