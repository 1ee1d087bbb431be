"""The deadline as a budget: how long each step of a round may take, counted from the POST.

A page is published by half of it (300 s of 600), and the evaluator is told by nine tenths (540 s). A step that starts
late still gets a little time, taken from the steps after it; when that is over, the best attempt goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.domain.lifecycle import Step

#: Where a step's share ends, as a fraction of the whole.
SHARES: dict[Step, float] = {
    Step.GENERATE: 0.36,
    Step.VERIFY: 0.43,
    Step.PUBLISH: 0.50,
    Step.DEPLOY: 0.90,
    Step.NOTIFY: 1.0,
}

#: A model call that starts late may run until here, so that a backlog costs the slack and not the page.
LATEST_MODEL_CALL = 0.70

#: However late it starts until then, it gets this part of the deadline, and this one where others wait: less writes no page.
LEAST_WRITING_LATE = 0.20
LEAST_WRITING = 0.10

#: No model call is begun with less than this, in seconds: no model writes a page in it.
SHORTEST_MODEL_CALL = 10.0

#: The calls for the plan, before the page is written, take at most this part of generate's share.
PLAN_PART = 0.20

#: The call for judgements, once it is known what is published, takes at most so many seconds of what is left of verify's share.
MOST_JUDGING = 40.0

#: A verification takes at most so many seconds, and gets at least this part of the deadline however late it begins.
MOST_CHECKING = 60.0
LEAST_CHECKING = 0.04

#: How long one claim of a step may take at most, in seconds, whatever is left of the deadline: a step past it is hung.
FLOORS: dict[Step, float] = {Step.GENERATE: 30, Step.VERIFY: 30, Step.PUBLISH: 60, Step.DEPLOY: 60, Step.NOTIFY: 90}


@dataclass(frozen=True, slots=True)
class Budget:
    """A run's time: `start` is the POST (or the retry), `deadline` when the evaluator must have been told.

    `reduced_until`: the page is written until then and not repaired, since others wait (tasks_app.rounds.backlog); None: its whole share.
    """

    start: datetime
    deadline: datetime
    reduced_until: datetime | None = None

    def at(self, fraction: float) -> datetime:
        """Return the moment at which `fraction` of the deadline is used up."""
        return self.start + (self.deadline - self.start) * fraction

    def share_ends(self, step: Step) -> datetime:
        return self.at(SHARES[step])

    @property
    def told_by(self) -> datetime:
        """Return when the evaluator is told with what is published, live or not."""
        return self.share_ends(Step.DEPLOY)

    def model_seconds(self, now: datetime) -> float:
        """Return how long a model call begun `now` may take, in seconds; 0 where it is too late for one."""
        share = ((self.reduced_until or self.share_ends(Step.GENERATE)) - now).total_seconds()
        latest = (self.at(LATEST_MODEL_CALL) - now).total_seconds()
        least = LEAST_WRITING if self.reduced_until else LEAST_WRITING_LATE
        seconds = max(share, min(latest, (self.deadline - self.start).total_seconds() * least))
        return seconds if seconds >= SHORTEST_MODEL_CALL else 0.0

    def plan_ends(self, now: datetime) -> datetime | None:
        """Return until when the plan may be asked for: a part of generate's share from `now`, of what is left of it; None where that is too little."""
        ends = self.reduced_until or self.share_ends(Step.GENERATE)
        seconds = min((ends - self.start).total_seconds(), (ends - now).total_seconds()) * PLAN_PART
        return now + timedelta(seconds=seconds) if seconds >= SHORTEST_MODEL_CALL else None

    def judge_seconds(self, now: datetime) -> float:
        """Return how long the call for judgements may take, in seconds; 0 where verify's share leaves too little: publishing waits for none."""
        seconds = min((self.share_ends(Step.VERIFY) - now).total_seconds(), MOST_JUDGING)
        return seconds if seconds >= SHORTEST_MODEL_CALL else 0.0

    def repair_seconds(self, now: datetime, expected: float = 0.0) -> float:
        """Return how long a repair begun `now` may take, in seconds; 0 where its share is over or half of what is `expected` does not fit.

        A repair lives in the slack of generate's share alone, so that it is the first thing to be dropped and never makes a round late.
        """
        if self.reduced_until is not None:
            return 0.0
        seconds = (self.share_ends(Step.GENERATE) - now).total_seconds()
        return seconds if seconds >= max(SHORTEST_MODEL_CALL, expected / 2) else 0.0

    def check_seconds(self, now: datetime) -> float:
        """Return how long a verification before publishing may take, in seconds: its share, at most MOST_CHECKING, and a little even late."""
        total = (self.deadline - self.start).total_seconds()
        left = (self.share_ends(Step.VERIFY) - now).total_seconds()
        return min(max(left, total * LEAST_CHECKING), MOST_CHECKING)

    def live_check_seconds(self, now: datetime) -> float:
        """Return how long the same on the live page may take: never so long that the evaluator is told late."""
        return max(min((self.told_by - now).total_seconds() - 5, MOST_CHECKING), 0.0)

    def step_seconds(self, step: Step, now: datetime) -> float:
        """Return after how many seconds a claim of `step` counts as hung: its share and a margin, never less than the step's floor.

        It is asked anew with each model call: one that begins when another model has let its time run out has a time of its own.
        """
        left = (self.share_ends(step) - now).total_seconds()
        if step is Step.GENERATE:
            left = max(left, self.model_seconds(now))
        return max(left, 0.0) + FLOORS[step]


def fresh(now: datetime, seconds: float) -> Budget:
    """Return the budget of a run that begins `now`, with `seconds` until its deadline."""
    return Budget(start=now, deadline=now + timedelta(seconds=seconds))
