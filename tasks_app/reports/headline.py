"""A round's standing in a sentence or two: what happens or failed, why, and what an operator can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.checks.decision import Purpose
from engine.checks.gates import NOT_WHOLE, NOT_WHOLE_BEFORE
from engine.domain.lifecycle import State, Step
from engine.domain.repository import PagesSource

if TYPE_CHECKING:
    from datetime import datetime

    from tasks_app.models import Round

DOING = {
    Step.GENERATE: "a model writes the page",
    Step.VERIFY: "the page is checked",
    Step.PUBLISH: "the commit is put on its repository",
    Step.DEPLOY: "the published page is looked at until it serves this commit",
    Step.NOTIFY: "the evaluator is told",
}

#: An operator's remedy by error code, where it is more than a retry.
REMEDIES = {
    "secret_in_attachment": (
        "The evaluator has to send the task again without it; change that secret, for it was seen outside."
    ),
    "crashed": "Look into the log of that time, then retry.",
    "repository_gone": "The repository was deleted or renamed: bring it back, then retry.",
    "model_unknown": "Name a model in LLM_MODEL that the server has, start the service again, then retry.",
    "address_refused": (
        "The evaluator's address is not to be reached from here: ALLOW_PRIVATE_URLS=1 allows private ones."
    ),
}

#: How the headline of a completed and live round ends if no check of the request fails.
ALL_WELL = "Nothing to do."

#: Seconds after which a due round counts as not taken by any worker.
OVERDUE = 60


def headline(row: Round, now: datetime) -> str:
    """Return one sentence or a few. They quote foreign text unescaped."""
    return _HEADLINES[State(row.state)](row, now)


def _queued(row: Round, now: datetime) -> str:
    due = (now - row.next_at).total_seconds() if row.next_at else 0
    if due > OVERDUE:
        return (
            f"Queued at {row.step} and not taken for {due:.0f} s: all workers are busy, an earlier round of the task "
            "or an open breaker holds it back, or no worker runs. The front page shows which."
        )
    return f"Queued at {row.step}: a worker takes it as soon as one is free. Nothing to do."


def _running(row: Round, now: datetime) -> str:
    if row.lease_until and row.lease_until <= now:
        return (
            f"At {row.step} its worker {row.lease_owner} fell silent: another one takes it over by itself. "
            "Nothing to do."
        )
    return f"Running at {row.step}: {DOING[Step(row.step)]}. Nothing to do."


def _waiting(row: Round, now: datetime) -> str:
    why = _sentence(row.waiting_on or DOING[Step(row.step)])
    when = max((row.next_at - now).total_seconds(), 0) if row.next_at else 0
    then = f"It looks again in {when:.0f} s by itself."
    if row.needs_attention:
        return (
            f"Needs attention while it waits at {row.step}: {why} {then} "
            "Mend the cause; Retry looks at once, with a fresh deadline."
        )
    return f"Waiting at {row.step}: {why} {then} Nothing to do."


def _completed(row: Round, now: datetime) -> str:
    del now
    delivered = (
        "Completed late: the evaluator was told after the deadline."
        if row.late
        else "Completed: the evaluator was told."
    )
    cut = next((warning for warning in row.warnings if warning.startswith((NOT_WHOLE, NOT_WHOLE_BEFORE))), "")
    if row.degraded and cut:
        return f"{delivered} But {cut[:1].lower()}{cut[1:]}. Regenerate tries again."
    if row.degraded and row.chosen_attempt and row.chosen_attempt.kind != Purpose.FALLBACK:
        return (
            f"{delivered} But a workflow of the repository did not succeed: the checks and looks below say why. "
            "Regenerate tries again."
        )
    if row.degraded:
        return (
            f"{delivered} But no acceptable page came about and a fallback page stands in its place: "
            "Regenerate tries again."
        )
    if not row.live and row.pages_source == PagesSource.WORKFLOW and not row.watch_until:
        return (
            f"{delivered} But its workflow was not seen to publish this commit: the looks at it below say why. "
            "On GitHub, Regenerate makes one more commit, and so a new run; the local forge runs no workflows."
        )
    if not row.live:
        return f"{delivered} But the page was not seen to serve this commit: {_not_live_reason(row)}"
    if row.live_at and row.finished_at and row.live_at > row.finished_at:
        late = (row.live_at - row.finished_at).total_seconds()
        live = f"The page was not live by then; it came {late:.0f} s later and serves this commit now."
        return f"{delivered} {live} {ALL_WELL}"
    return f"{delivered} The page serves this commit. {ALL_WELL}"


def _not_live_reason(row: Round) -> str:
    if row.watch_until:
        return (
            f"it is still looked for, until {row.watch_until:%H:%M} UTC at the latest. "
            "Nothing to do; the evaluator is not told twice."
        )
    return "the looks at it below say why. Regenerate makes one more commit, and so a new build."


def _failed(row: Round, now: datetime) -> str:
    del now
    why = _sentence(row.error_message or row.error_code or "no reason was kept")
    goes_on = f"Retry goes on from {row.step} with a fresh deadline; what was done before is kept."
    return f"Failed at {row.step}: {why} {REMEDIES.get(row.error_code, goes_on)}"


def _cancelled(row: Round, now: datetime) -> str:
    del now
    return f"Cancelled at {row.step} by an operator. Retry goes on from there with a fresh deadline."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


_HEADLINES = {
    State.QUEUED: _queued,
    State.RUNNING: _running,
    State.WAITING: _waiting,
    State.COMPLETED: _completed,
    State.FAILED: _failed,
    State.CANCELLED: _cancelled,
}
