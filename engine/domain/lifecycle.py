"""A round's states and steps, and which may follow which."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a round stands as a whole."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What is being done for a running round, in order."""

    GENERATE = "generate"
    VERIFY = "verify"
    PUBLISH = "publish"
    DEPLOY = "deploy"
    NOTIFY = "notify"


ACTIVE = frozenset({State.QUEUED, State.RUNNING, State.WAITING})
ENDED = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})

#: Steps that mostly wait for somebody else; they never take more than half of the workers.
POLLING = frozenset({Step.DEPLOY, Step.NOTIFY})

#: Steps before the commit exists: a later round of the task waits for an earlier one that is in one of these.
UNPUBLISHED = frozenset({Step.GENERATE, Step.VERIFY, Step.PUBLISH})

#: Which steps need which kind of outside service (the breakers' kinds).
NEEDS = {Step.GENERATE: "model", Step.PUBLISH: "forge", Step.DEPLOY: "forge"}

TRANSITIONS: dict[Step, frozenset[Step]] = {
    Step.GENERATE: frozenset({Step.VERIFY}),
    Step.VERIFY: frozenset({Step.GENERATE, Step.PUBLISH}),
    Step.PUBLISH: frozenset({Step.DEPLOY}),
    Step.DEPLOY: frozenset({Step.NOTIFY}),
    Step.NOTIFY: frozenset(),
}


def may_follow(step: Step, after: Step) -> bool:
    """Say whether a round may move from step `after` to `step`."""
    return step in TRANSITIONS[after]
