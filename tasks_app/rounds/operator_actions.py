"""An operator's actions on a round. Each is one conditional UPDATE: of two operators at once one is refused."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import transaction

from engine.domain.lifecycle import ACTIVE, ENDED, State, Step
from tasks_app.models import Event, Round, StepRun
from tasks_app.operations import clock
from tasks_app.rounds.interruptions import CANCELLED, interruptions_record
from tasks_app.rounds.liveness_watches import UNWATCHED
from tasks_app.rounds.runs import Start, resumed_step, run_start

if TYPE_CHECKING:
    from uuid import UUID

    from engine.plan.schema import RequestPlan

#: The Event of a run that starts with an operator's plan.
PLAN_EDITED = "plan edited"


class Action(StrEnum):
    RETRY = "retry"
    REGENERATE = "regenerate"
    NOTIFY_AGAIN = "notify_again"
    CANCEL = "cancel"


class RoundConflictError(Exception):
    """The action is not possible in the round's present state; the message tells the operator why."""


def refusal(row: Round, act: Action) -> str:
    """Return why `act` is not possible, "" if it is. Only state, step and needs_attention are read."""
    return _REFUSALS[act](row)


def round_retry(*, round_id: UUID, who: str) -> None:
    """Start a run at the first unfinished step, with saved results. Raises RoundConflictError, Round.DoesNotExist."""
    row = _allowed_row(round_id, Action.RETRY)
    _start(row, Action.RETRY, Start(resumed_step(row), who, "round retried"))


def round_regenerate(*, round_id: UUID, who: str) -> None:
    """Start a run that reads the request and writes the page again: one more commit on the present head.

    An operator's plan stays. Raises RoundConflictError, Round.DoesNotExist.
    """
    _start(
        _allowed_row(round_id, Action.REGENERATE),
        Action.REGENERATE,
        Start(Step.GENERATE, who, "round regenerated", anew=True),
    )


def round_plan_edit(*, round_id: UUID, who: str, run: int, plan: RequestPlan, changed: str) -> None:
    """Start a run that writes the page again by an operator's plan.

    `run` is the run whose plan the operator edited, `changed` the edits in words.
    Raises RoundConflictError, Round.DoesNotExist.
    """
    row = _allowed_row(round_id, Action.REGENERATE)
    if row.run != run:
        raise RoundConflictError(f"The plan that you saw is that of run {run}, and this is run {row.run} by now.")
    start = Start(Step.GENERATE, who, PLAN_EDITED, text=changed, plan=plan.model_dump(mode="json"))
    _start(row, Action.REGENERATE, start)


def round_notify_again(*, round_id: UUID, who: str) -> None:
    """Start a run that sends the callback for the same commit. Raises RoundConflictError, Round.DoesNotExist."""
    _start(
        _allowed_row(round_id, Action.NOTIFY_AGAIN),
        Action.NOTIFY_AGAIN,
        Start(Step.NOTIFY, who, "evaluator notified again"),
    )


def round_cancel(*, round_id: UUID, who: str) -> None:
    """End a round; its worker loses the lease, and so all writes. Raises RoundConflictError, Round.DoesNotExist."""
    row, now = _allowed_row(round_id, Action.CANCEL), clock.now()
    with transaction.atomic():
        cancelled = Round.objects.filter(pk=round_id, state__in=ACTIVE).update(
            state=State.CANCELLED,
            finished_at=now,
            next_at=None,
            lease_token=None,
            lease_until=None,
            waiting_on="",
            needs_attention=False,
            **UNWATCHED,
        )
        if cancelled:
            StepRun.objects.filter(round=row, ended_at=None).update(ended_at=now, outcome="cancelled")
            interruptions_record(round_id=round_id, why=CANCELLED)
            Event.objects.create(at=now, who=who[:150], what="round cancelled", round=row)
    if not cancelled:
        raise RoundConflictError(_refused_now(round_id, Action.CANCEL))


def _allowed_row(round_id: UUID, act: Action) -> Round:
    row = Round.objects.only("state", "step", "run", "degraded", "needs_attention").get(pk=round_id)
    if reason := refusal(row, act):
        raise RoundConflictError(reason)
    return row


def _start(row: Round, act: Action, start: Start) -> None:
    if not run_start(row=row, start=start):
        raise RoundConflictError(_refused_now(row.pk, act))


def _refused_now(round_id: UUID, act: Action) -> str:
    row = Round.objects.only("state", "step", "needs_attention").get(pk=round_id)
    return refusal(row, act) or "The round changed at that very moment. Look again."


def _retry_refused(row: Round) -> str:
    if row.state == State.COMPLETED:
        return (
            "It is completed: there is no unfinished step. "
            "Regenerate writes the page anew, Notify again repeats the callback."
        )
    if row.state in ENDED or (row.state == State.WAITING and row.needs_attention):
        return ""
    return f"It is {row.state} at {row.step}: it goes on by itself. Cancel it first to start it anew."


def _regenerate_refused(row: Round) -> str:
    return "" if row.state in ENDED else f"It is {row.state} at {row.step}: cancel it first."


def _notify_again_refused(row: Round) -> str:
    if row.state == State.COMPLETED or (row.state == State.FAILED and row.step == Step.NOTIFY):
        return ""
    if row.state in ACTIVE:
        return f"It is {row.state} at {row.step}: the evaluator is told at the end."
    return f"It was {row.state} at {row.step}, before the evaluator was told: retry goes on from there."


def _cancel_refused(row: Round) -> str:
    return "" if row.state in ACTIVE else f"It has ended already: it is {row.state}."


_REFUSALS = {
    Action.RETRY: _retry_refused,
    Action.REGENERATE: _regenerate_refused,
    Action.NOTIFY_AGAIN: _notify_again_refused,
    Action.CANCEL: _cancel_refused,
}
