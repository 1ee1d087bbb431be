"""Divides the deadline among the steps of a round. Times count from the POST.

A page is published by half of the deadline (300 s of 600), and the callback is sent by nine tenths (540 s). A step
that starts late gets a little time from the later steps. When its time is over, the best attempt is published.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.domain.lifecycle import Step

#: The end of a step's share, as a fraction of the deadline.
SHARES: dict[Step, float] = {
    Step.GENERATE: 0.36,
    Step.VERIFY: 0.43,
    Step.PUBLISH: 0.50,
    Step.DEPLOY: 0.90,
    Step.NOTIFY: 1.0,
}

#: A late model call may run until this fraction of the deadline, so that a backlog delays pages but loses none.
LATEST_MODEL_CALL = 0.70

#: The least part of the deadline for a late model call; with LEAST_WRITING other rounds wait. Less writes no page.
LEAST_WRITING_LATE = 0.20
LEAST_WRITING = 0.10

#: A model call needs at least this many seconds: no model writes a page in less.
SHORTEST_MODEL_CALL = 10.0

#: The calls for the plan take at most this part of generate's share.
PLAN_PART = 0.20

#: Seconds that a repair of a failed workflow leaves for the verification, the push and the look at the page.
AFTER_RUN_REPAIR = 45.0

#: The call for judgements, after the choice of the tree, takes at most this many seconds of verify's share.
MOST_JUDGING = 40.0

#: A verification takes at most this many seconds, and gets at least this part of the deadline.
MOST_CHECKING = 60.0
LEAST_CHECKING = 0.04

#: A build script's two runs take at most this many seconds together. It waits this long for a free browser in any case,
#: and longer while generate's share lasts: without its files the page is not what was asked for.
MOST_COMPUTING = 20.0
MOST_COMPUTING_WAIT = 120.0

#: Seconds that a claim of a step may take in any case. A claim past its limit counts as hung.
FLOORS: dict[Step, float] = {Step.GENERATE: 90, Step.VERIFY: 30, Step.PUBLISH: 60, Step.DEPLOY: 60, Step.NOTIFY: 90}


@dataclass(frozen=True, slots=True)
class Budget:
    """A run's time. `start` is the POST or the retry; the callback must be sent by `deadline`.

    `reduced_until`: other rounds wait, so the page is written by this time and not repaired (tasks_app.rounds.backlog).
    """

    start: datetime
    deadline: datetime
    reduced_until: datetime | None = None

    def at(self, fraction: float) -> datetime:
        """Return the time at which `fraction` of the deadline is used up."""
        return self.start + (self.deadline - self.start) * fraction

    def share_ends(self, step: Step) -> datetime:
        return self.at(SHARES[step])

    @property
    def told_by(self) -> datetime:
        """The time of the callback, whether the page is live or not."""
        return self.share_ends(Step.DEPLOY)

    def model_seconds(self, now: datetime) -> float:
        """Return the seconds for a model call that starts `now`; 0 if it is too late for a call."""
        share = ((self.reduced_until or self.share_ends(Step.GENERATE)) - now).total_seconds()
        latest = (self.at(LATEST_MODEL_CALL) - now).total_seconds()
        least = LEAST_WRITING if self.reduced_until else LEAST_WRITING_LATE
        seconds = max(share, min(latest, (self.deadline - self.start).total_seconds() * least))
        return seconds if seconds >= SHORTEST_MODEL_CALL else 0.0

    def plan_ends(self, now: datetime) -> datetime | None:
        """Return the end of the time for the plan's calls, a part of generate's share; None if there is too little."""
        ends = self.reduced_until or self.share_ends(Step.GENERATE)
        seconds = min((ends - self.start).total_seconds(), (ends - now).total_seconds()) * PLAN_PART
        return now + timedelta(seconds=seconds) if seconds >= SHORTEST_MODEL_CALL else None

    def judge_seconds(self, now: datetime) -> float:
        """Return the seconds for the call for judgements; 0 if verify's share has too few. Publishing does not wait."""
        seconds = min((self.share_ends(Step.VERIFY) - now).total_seconds(), MOST_JUDGING)
        return seconds if seconds >= SHORTEST_MODEL_CALL else 0.0

    def repair_seconds(self, now: datetime, expected: float = 0.0) -> float:
        """Return the seconds for a repair that starts `now`; 0 if the share is over or shorter than half of `expected`.

        A repair uses only the rest of generate's share. It is dropped first and never makes a round late.
        """
        if self.reduced_until is not None:
            return 0.0
        seconds = (self.share_ends(Step.GENERATE) - now).total_seconds()
        return seconds if seconds >= max(SHORTEST_MODEL_CALL, expected / 2) else 0.0

    def run_repair_seconds(self, now: datetime, run_seconds: float) -> float:
        """Return the seconds for the repair of a workflow that failed after `run_seconds`; 0 if there are too few.

        The repaired commit must be published and its workflow run before the callback.
        """
        if self.reduced_until is not None:
            return 0.0
        left = (self.told_by - now).total_seconds() - run_seconds - AFTER_RUN_REPAIR
        seconds = min(left, (self.deadline - self.start).total_seconds() * LEAST_WRITING_LATE)
        return seconds if seconds >= SHORTEST_MODEL_CALL else 0.0

    def check_seconds(self, now: datetime) -> float:
        """Return the seconds for a verification before publishing; a late one still gets LEAST_CHECKING."""
        total = (self.deadline - self.start).total_seconds()
        left = (self.share_ends(Step.VERIFY) - now).total_seconds()
        return min(max(left, total * LEAST_CHECKING), MOST_CHECKING)

    def compute_seconds(self, now: datetime) -> float:
        """Return the seconds for a build script, which runs before the verification."""
        return min(self.check_seconds(now), MOST_COMPUTING)

    def compute_wait(self, now: datetime) -> float:
        """Return the seconds that a build script waits for a free browser."""
        left = (self.share_ends(Step.GENERATE) - now).total_seconds()
        return min(max(left, self.compute_seconds(now)), MOST_COMPUTING_WAIT)

    def live_check_seconds(self, now: datetime) -> float:
        """Return the seconds for a verification of the live page, which ends before the callback is due."""
        return max(min((self.told_by - now).total_seconds() - 5, MOST_CHECKING), 0.0)

    def step_seconds(self, step: Step, now: datetime) -> float:
        """Return the seconds after which a claim of `step` counts as hung: the rest of its share plus FLOORS.

        The worker asks again for each model call, because a call to a further model gets its own time.
        """
        left = (self.share_ends(step) - now).total_seconds()
        if step is Step.GENERATE:
            left = max(left, self.model_seconds(now), self.run_repair_seconds(now, 0.0))
        return max(left, 0.0) + FLOORS[step]


def fresh(now: datetime, seconds: float) -> Budget:
    """Return the budget of a run that starts `now` and has `seconds` until its deadline."""
    return Budget(start=now, deadline=now + timedelta(seconds=seconds))
