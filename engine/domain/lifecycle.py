"""A round's states and steps, and the allowed transitions between steps."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """The steps of a running round, in order."""

    GENERATE = "generate"
    VERIFY = "verify"
    PUBLISH = "publish"
    DEPLOY = "deploy"
    NOTIFY = "notify"


ACTIVE = frozenset({State.QUEUED, State.RUNNING, State.WAITING})
ENDED = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})

#: Steps that mostly wait for other services.
POLLING = frozenset({Step.DEPLOY, Step.NOTIFY})

#: Steps that talk to the forge.
AT_FORGE = frozenset({Step.PUBLISH, Step.DEPLOY})

#: Steps before the commit exists. A later round of the task waits while an earlier one is in one of them.
UNPUBLISHED = frozenset({Step.GENERATE, Step.VERIFY, Step.PUBLISH})

#: What a step needs, by kinds of breakers: outside services, and publishing, which an operator can pause.
NEEDS = {
    Step.GENERATE: frozenset({"model"}),
    Step.PUBLISH: frozenset({"forge", "publishing"}),
    Step.DEPLOY: frozenset({"forge"}),
}

#: From deploy back to generate: the commit's workflow failed, and a repair is tried. From verify straight to deploy:
#: that repair came to nothing, and the commit stays.
TRANSITIONS: dict[Step, frozenset[Step]] = {
    Step.GENERATE: frozenset({Step.VERIFY}),
    Step.VERIFY: frozenset({Step.GENERATE, Step.PUBLISH, Step.DEPLOY}),
    Step.PUBLISH: frozenset({Step.DEPLOY}),
    Step.DEPLOY: frozenset({Step.GENERATE, Step.NOTIFY}),
    Step.NOTIFY: frozenset(),
}


def may_follow(step: Step, after: Step) -> bool:
    """Say whether a round may move from step `after` to `step`."""
    return step in TRANSITIONS[after]
