"""What the double was asked and what it said."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

READING = ("GET", "HEAD")
_GIT = ("push-refs", "push", "fetch-refs", "fetch")


@dataclass(frozen=True)
class Call:
    """One exchange.

    `template`: the path of the description; `status` 0: no answer; `fault`: what of a rule was followed.
    """

    method: str
    template: str
    path: str
    kind: str
    status: int
    at: float
    fault: str = ""
    authorized: bool = False
    conditional: bool = False


class Log:
    """Keeps calls and violations, thread-safe."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self._lock = threading.Lock()

    def add(self, call: Call, violations: list[str] | None = None) -> None:
        with self._lock:
            self.calls.append(call)
            self.violations.extend(violations or ())

    def writes(self) -> int:
        """Count the REST calls that change something."""
        return sum(call.method not in READING and call.kind not in _GIT for call in list(self.calls))

    def pushes(self) -> int:
        """Count the pushes that were taken or refused within git's protocol."""
        return sum(call.kind == "push" and call.status in (200, 0) for call in list(self.calls))

    def summary(self) -> dict[str, object]:
        kinds = [call.kind for call in list(self.calls)]
        return {
            "kinds": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
            "writes": self.writes(),
            "pushes": self.pushes(),
            "violations": list(self.violations),
        }
