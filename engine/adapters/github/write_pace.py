"""When a write may go, so that a service's limits on writes are kept: pure functions of when earlier ones went.

GitHub asks for a second between writes, and stops a token that makes more than 80 a minute or 500 an hour; both with room to spare here.
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
#: At most so many writes within any such time.
MOST = ((60, timedelta(minutes=1)), (480, timedelta(hours=1)))
#: As many earlier writes as must be known.
KNOWN = max(count for count, _ in MOST)

#: A gate that opens within this many seconds is waited for by each round; a later one opens the forge's breaker.
SHORT_WAIT = 120.0


def earliest(writes: Sequence[datetime], now: datetime) -> datetime:
    """Return when the next write may go after `writes` (the newest KNOWN of them, in order of time), not before `now`."""
    allowed = [now]
    if writes:
        allowed.append(writes[-1] + SPACING)
    allowed += [writes[-count] + span for count, span in MOST if len(writes) >= count]
    return max(allowed)


def limit_reached(seconds: float, why: str, *, now: datetime) -> Transient:
    """Return the error for whoever comes while a service wants no requests for some more seconds."""
    sentence = f"GitHub's limit is reached; it is asked again in {seconds:.0f} s" + (f" ({why[:200]})" if why else "")
    if seconds <= SHORT_WAIT:
        return RateLimited("forge_limit", f"{sentence}.", seconds)
    return OutOfService("forge_limit_spent", f"{sentence}.", kind="forge", until=now + timedelta(seconds=seconds))
