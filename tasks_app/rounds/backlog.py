"""Capacity and backlog: rounds a minute, the queue's minutes, and which rounds get a smaller budget for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.domain.budget import LEAST_WRITING
from engine.domain.lifecycle import Step

if TYPE_CHECKING:
    from datetime import datetime

    from engine.domain.budget import Budget

#: No round is reckoned with less than this of a worker's time, in seconds: its commit and its looks take that.
LEAST_WORK = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the service is: `waiting` rounds for a worker, `workers` processes, `seconds` of a worker that a round takes (None: not known)."""

    waiting: int
    workers: int
    seconds: float | None

    @property
    def rounds_a_minute(self) -> float | None:
        """Return what the workers manage, None where nobody knows."""
        return None if self.seconds is None else self.workers * 60 / max(self.seconds, LEAST_WORK)

    @property
    def minutes(self) -> float | None:
        """Return how long it takes until a worker is free for whoever comes now, None where nobody knows; no worker at all knows no end."""
        pace = self.rounds_a_minute
        if not self.waiting:
            return 0.0
        return self.waiting / pace if pace else None


@dataclass(frozen=True, slots=True)
class ReducedBudget:
    """A smaller share for writing a page: until when, and why, in a sentence."""

    until: datetime
    why: str


def reduced_budget(budget: Budget, now: datetime, load: Load) -> ReducedBudget | None:
    """Return the smaller share of a round that begins to be written `now`; None where whole shares are enough for all.

    They are where there is no queue: nobody waits behind this round, and it was taken at once, however slow the rounds
    before it were. They are where both this round, which may have waited, and the last one that waits can be worked on
    before half of the deadline is over. Else repairs are dropped, and what is left is for one page: an equal part of
    the time for the rounds that each worker has before it, but no less than a round takes on average, or a tenth of
    the deadline: a call that is cut short writes nothing.
    """
    least_writing = (budget.deadline - budget.start).total_seconds() * LEAST_WRITING
    taken_at_once = (now - budget.start).total_seconds() < least_writing
    if not load.seconds or not load.workers or (taken_at_once and not load.waiting):
        return None
    seconds = max(load.seconds, LEAST_WORK)
    each = 1 + load.waiting / load.workers  # rounds that a worker has before it, with this one
    whole = (budget.share_ends(Step.PUBLISH) - budget.start).total_seconds()
    left = (budget.share_ends(Step.PUBLISH) - now).total_seconds()
    if each * seconds <= whole and seconds <= left:
        return None
    least = max(seconds, least_writing)
    part = max((budget.share_ends(Step.GENERATE) - now).total_seconds() / each, least)
    return ReducedBudget(now + timedelta(seconds=part), _why(budget, now, load, part))


def _why(budget: Budget, now: datetime, load: Load, part: float) -> str:
    waited = (now - budget.start).total_seconds()
    return (
        f"There was a backlog: {load.waiting} more rounds waited for {load.workers} workers, this one had waited for {waited:.0f} s, and a round "
        f"took {load.seconds or 0:.0f} s of a worker on average. Its page was to be written within {part:.0f} s and was not repaired."
    )
