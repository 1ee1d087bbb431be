"""A quota that is never spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.domain.repository import Limits


class FakeQuota:
    """Lets everything go and keeps what it was told; errors in `refuse` are raised by the next writes."""

    def __init__(self) -> None:
        self.refuse: list[BaseException] = []
        self.keys: list[str] = []
        self.limits: list[Limits] = []
        self.closed: list[tuple[float | None, str]] = []

    def take_write(self, key: str) -> None:
        if self.refuse:
            raise self.refuse.pop(0)
        self.keys.append(key)

    def check_limit(self) -> None:
        pass

    def record_limits(self, limits: Limits) -> None:
        self.limits.append(limits)

    def block_requests(self, seconds: float | None, reason: str) -> float:
        self.closed.append((seconds, reason))
        return 60.0 if seconds is None else seconds
