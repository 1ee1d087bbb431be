"""What a single check saw, and why something could not be looked at."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

T = TypeVar("T")

_LONGEST_LIST = 10


@dataclass(frozen=True, slots=True)
class Observed:
    """What one check saw: a Result without its kind and its sentence."""

    score: float | None
    reason: str
    log: str = ""
    screenshot: bytes = b""


class NotLookedAt(Exception):
    """Something could not be looked at. `score` is 0 if the submission is to blame, None if we are."""

    def __init__(self, score: float | None, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.score, self.reason, self.log = score, reason, log


class TooLargeToJudge(NotLookedAt):
    """A repository was there, and it exceeds a limit of ours."""

    def __init__(self, what: str) -> None:
        super().__init__(0.0, f"the repository is too large to be judged: {what}")


class Once(Generic[T]):
    """Makes a value at the first call, and returns it or raises the same NotLookedAt at each later one."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: list[T] = []
        self._missing: NotLookedAt | None = None

    def __call__(self) -> T:
        if self._missing:
            raise self._missing
        if not self._made:
            try:
                self._made.append(self._make())
            except NotLookedAt as missing:
                self._missing = missing
                raise
            except Exception as error:
                log.exception("A part of the judging failed")
                self._missing = own_fault(error)
                raise self._missing from None
        return self._made[0]


def own_fault(error: Exception) -> NotLookedAt:
    """Return that our own code failed. Only the class is named: an exception's text may hold a stranger's."""
    return NotLookedAt(None, f"the evaluator itself failed here ({type(error).__name__})")


def holds(problems: Sequence[str], otherwise: str, log: str = "") -> Observed:
    """Return 0 with the problems, or 1 with `otherwise` if there are none."""
    if not problems:
        return Observed(1.0, otherwise, log)
    more = f"; and {len(problems) - _LONGEST_LIST} more" if len(problems) > _LONGEST_LIST else ""
    lines = [log, *problems] if log else list(problems)
    return Observed(0.0, "; ".join(problems[:_LONGEST_LIST]) + more, "\n".join(lines))
