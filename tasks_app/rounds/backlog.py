"""Capacity and backlog: rounds a minute, minutes of backlog, and the reduced budget of rounds behind a backlog."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.domain.budget import LEAST_WRITING
from engine.domain.lifecycle import Step

if TYPE_CHECKING:
    from datetime import datetime

    from engine.domain.budget import Budget

#: The least seconds of a worker's time that a round is counted with: its commit and its polls take as long.
LEAST_WORK = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """Waiting rounds, worker processes, and the average `seconds` of a worker that a round takes (None: unknown)."""

    waiting: int
    workers: int
    seconds: float | None

    @property
    def rounds_a_minute(self) -> float | None:
        """Return how many rounds all workers finish in a minute, None if unknown."""
        return None if self.seconds is None else self.workers * 60 / max(self.seconds, LEAST_WORK)

    @property
    def minutes(self) -> float | None:
        """Return the minutes until a worker is free for a new round, None if unknown or without workers."""
        pace = self.rounds_a_minute
        if not self.waiting:
            return 0.0
        return self.waiting / pace if pace else None


@dataclass(frozen=True, slots=True)
class ReducedBudget:
    """A smaller share of the deadline for writing a page: its end, and the reason in a sentence."""

    until: datetime
    why: str


def reduced_budget(budget: Budget, now: datetime, load: Load) -> ReducedBudget | None:
    """Return the smaller share of a round whose page is written from `now` on, None if the whole share is enough.

    The whole share is enough without a queue: no round waits behind this one, and a worker took it without delay. It is
    also enough if half of the deadline suffices for this round and for the last one in the queue. Otherwise repairs are
    dropped. The time is divided equally among the rounds of each worker, but a round gets no less than the average
    round takes, nor less than a tenth of the deadline: a call that is cut short writes nothing.
    """
    least_writing = (budget.deadline - budget.start).total_seconds() * LEAST_WRITING
    taken_at_once = (now - budget.start).total_seconds() < least_writing
    if not load.seconds or not load.workers or (taken_at_once and not load.waiting):
        return None
    seconds = max(load.seconds, LEAST_WORK)
    each = 1 + load.waiting / load.workers  # rounds for each worker, including this one
    whole = (budget.share_ends(Step.PUBLISH) - budget.start).total_seconds()
    left = (budget.share_ends(Step.PUBLISH) - now).total_seconds()
    if each * seconds <= whole and seconds <= left:
        return None
    least = max(seconds, least_writing)
    part = max((budget.share_ends(Step.GENERATE) - now).total_seconds() / each, least)
    return ReducedBudget(now + timedelta(seconds=part), _reduction_reason(budget, now, load, part))


def _reduction_reason(budget: Budget, now: datetime, load: Load, part: float) -> str:
    waited = (now - budget.start).total_seconds()
    return (
        f"There was a backlog: {load.waiting} more rounds waited for {load.workers} workers, this one had waited for "
        f"{waited:.0f} s, and a round took {load.seconds or 0:.0f} s of a worker on average. "
        f"Its page was to be written within {part:.0f} s and was not repaired."
    )
