"""GitHub's limits as the double counts them: the hourly one of all calls, and the pace of writes.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.doubles.github.routes import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

WRITES_PER_MINUTE = 80
WRITES_PER_HOUR = 500
_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@dataclass
class Limits:
    """`paced` False counts writes but refuses none.

    `exceeded` keeps a sentence for each call that came when nothing was left.
    """

    now: Callable[[], float]
    limit: int = 5000
    remaining: int = 5000
    paced: bool = True
    exceeded: list[str] = field(default_factory=list)
    writes: deque[float] = field(default_factory=deque)
    reset: float = 0

    def headers(self) -> dict[str, str]:
        """Return what every answer tells about the hourly limit."""
        self._renew()
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(self.limit - self.remaining),
            "x-ratelimit-reset": str(int(self.reset)),
            "x-ratelimit-resource": "core",
        }

    def check(self, call: str) -> None:
        """Refuse a call when the hour's are used up. Raises Refused."""
        self._renew()
        if self.remaining <= 0:
            self.exceeded.append(f"primary: {call}")
            raise Refused(403, "API rate limit exceeded for user ID 1001.")

    def count(self) -> None:
        """Count a call that was answered with something new."""
        self.remaining = max(self.remaining - 1, 0)

    def write(self, call: str) -> None:
        """Count a write; refuse one too many. Raises Refused with Retry-After."""
        now = self.now()
        while self.writes and self.writes[0] <= now - 3600:
            self.writes.popleft()
        minute = [at for at in self.writes if at > now - 60]
        wait = 0.0
        if len(minute) >= WRITES_PER_MINUTE:
            wait = minute[-WRITES_PER_MINUTE] + 60 - now
        if len(self.writes) >= WRITES_PER_HOUR:
            wait = max(wait, self.writes[-WRITES_PER_HOUR] + 3600 - now)
        if wait and self.paced:
            self.exceeded.append(f"secondary: {call}")
            raise Refused(403, _SECONDARY, headers={"Retry-After": str(int(wait) + 1)})
        self.writes.append(now)

    def body(self) -> dict[str, object]:
        """Return what GET /rate_limit says."""
        self._renew()
        rate = {
            "limit": self.limit,
            "used": self.limit - self.remaining,
            "remaining": self.remaining,
            "reset": int(self.reset),
        }
        return {
            "resources": {"core": rate, "search": {"limit": 30, "used": 0, "remaining": 30, "reset": int(self.reset)}},
            "rate": rate,
        }

    def _renew(self) -> None:
        if self.now() >= self.reset:
            if self.reset:
                self.remaining = self.limit
            self.reset = self.now() + 3600
