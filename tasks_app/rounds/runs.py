"""New runs of a round, started by the evaluator or an operator: a fresh deadline, and the results of earlier runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F

from engine.domain import budget
from engine.domain.lifecycle import UNPUBLISHED, State, Step
from tasks_app.models import Event, Plan, PlanSource, Round, StepRun
from tasks_app.operations import clock
from tasks_app.redaction import keepable, keepable_json
from tasks_app.rounds.liveness_watches import UNWATCHED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

#: The columns that a run resets if it writes the page again. The published commit stays until the next one.
ANEW: dict[str, object] = {
    "chosen_attempt": None,
    "chosen_at": None,
    "base_sha": "",
    "degraded": False,
    "live": False,
    "live_at": None,
    "worker_seconds": None,
}


@dataclass(frozen=True, slots=True)
class Start:
    """A run to start: its step, who started it, the name of its Event and what else the Event says.

    `plan` is an operator's plan for it. Without one the run uses the plan of the run before. A run that reads the
    request `anew` does so only if an operator wrote that plan.
    """

    step: Step
    who: str
    what: str
    text: str = ""
    plan: Mapping[str, object] | None = None
    anew: bool = False


def resumed_step(row: Round) -> Step:
    """Return the first unfinished step. It is generate if the round has only a fallback page that was not published."""
    step = Step(row.step)
    return Step.GENERATE if row.degraded and step in UNPUBLISHED else step


def run_start(*, row: Round, start: Start) -> bool:
    """Start a run if the round still is as `row` says. Otherwise change nothing and return False."""
    now = clock.now()
    run = budget.fresh(now, settings.ROUND_DEADLINE_SECONDS)
    with transaction.atomic():
        as_seen = Round.objects.filter(pk=row.pk, state=row.state, step=row.step, run=row.run, lease_token=None)
        started = as_seen.update(
            state=State.QUEUED,
            step=start.step,
            run=F("run") + 1,
            started_at=now,
            deadline_at=run.deadline,
            share_ends_at=run.share_ends(start.step),
            next_at=now,
            finished_at=None,
            crashes=0,
            failures=0,
            late=False,
            needs_attention=False,
            error_code="",
            error_message="",
            waiting_on="",
            reduced_until=None,
            decision="",
            decision_attempt=None,
            decision_reason="",
            **(UNWATCHED if start.step != Step.NOTIFY else {}),
            **(ANEW if start.step == Step.GENERATE else {}),
        )
        if started:
            StepRun.objects.filter(round=row, ended_at=None).update(ended_at=now, outcome="again")
            _plan_begin(row, start, now)
            text = "; ".join(filter(None, (f"from {start.step}", start.text)))
            Event.objects.create(at=now, who=start.who[:150], what=start.what, round=row, text=keepable(text))
    return bool(started)


def _plan_begin(row: Round, start: Start, now: datetime) -> None:
    """Store the plan that a new run starts with, if it starts with one. `row` still has the old run's number."""
    run: dict[str, object] = {"round": row, "run": row.run + 1, "made_at": now}
    if start.plan is not None:
        who = start.who[:150]
        Plan.objects.create(**run, plan=keepable_json(start.plan), source=PlanSource.OPERATOR, edited_by=who)
        return
    before = Plan.objects.filter(round=row, run=row.run).first()
    if before and _carries_plan(before, start):
        carried = {name: getattr(before, name) for name in ("plan", "refused", "attempt_id", "edited_by", "why_none")}
        Plan.objects.create(**run, **carried, source=PlanSource.CARRIED)


def _carries_plan(before: Plan, start: Start) -> bool:
    """Say whether a run uses the plan of the run before. A page written without a plan continues without one."""
    if start.anew:
        return bool(before.edited_by)
    return before.plan is not None or start.step != Step.GENERATE


def round_revive(*, round_id: UUID, who: str) -> bool:
    """Start a failed round again from its first unfinished step. Return False if it is not failed (any more)."""
    row = Round.objects.only("state", "step", "run", "degraded").filter(pk=round_id, state=State.FAILED).first()
    return row is not None and run_start(row=row, start=Start(resumed_step(row), who, "round revived"))
