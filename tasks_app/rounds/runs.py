"""New runs of a round: a fresh deadline from some step on, with what earlier runs saved. Begun by the evaluator or by an operator."""

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

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

#: What a run that writes the page anew lets go of; what is published stays on the record until the new commit is.
ANEW: dict[str, object] = {
    "chosen_attempt": None,
    "chosen_at": None,
    "base_sha": "",
    "degraded": False,
    "live": False,
    "live_at": None,
    "worker_seconds": None,
}

#: What a run that goes back before the telling ends: the watch on a page that was told before it was live.
UNWATCHED: dict[str, object] = {"watch_until": None, "watch_at": None, "watch_token": None}


@dataclass(frozen=True, slots=True)
class Start:
    """A run to begin: at which step, by whom, under which name in the Events and what else the Event says.

    `plan` is the plan that an operator wrote for it. Without one the run goes on with the plan of the run before; where the request is to be
    read `anew`, it does so only with an operator's.
    """

    step: Step
    who: str
    what: str
    text: str = ""
    plan: Mapping[str, object] | None = None
    anew: bool = False


def resumed_step(row: Round) -> Step:
    """Return the first unfinished step. A fallback page that was never published is no result worth keeping: it is generate then."""
    step = Step(row.step)
    return Step.GENERATE if row.degraded and step in UNPUBLISHED else step


def run_start(*, row: Round, start: Start) -> bool:
    """Begin a new run of a round that stands as `row` says. False: it does not (any more), and nothing was changed."""
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
    """Give a new run the plan that it begins with, where it begins with one; `row` stands as before."""
    run: dict[str, object] = {"round": row, "run": row.run + 1, "made_at": now}
    if start.plan is not None:
        who = start.who[:150]
        Plan.objects.create(**run, plan=keepable_json(start.plan), source=PlanSource.OPERATOR, edited_by=who)
        return
    before = Plan.objects.filter(round=row, run=row.run).first()
    if before and _goes_on(before, start):
        kept = {name: getattr(before, name) for name in ("plan", "refused", "attempt_id", "edited_by", "why_none")}
        Plan.objects.create(**run, **kept, source=PlanSource.CARRIED)


def _goes_on(before: Plan, start: Start) -> bool:
    """Say whether a run goes on with the plan of the run before. That there was none holds for a page that was written without one."""
    if start.anew:
        return bool(before.edited_by)
    return before.plan is not None or start.step != Step.GENERATE


def round_revive(*, round_id: UUID, who: str) -> bool:
    """Start a failed round again from its first unfinished step with a fresh deadline. False: it is not failed (any more)."""
    row = Round.objects.only("state", "step", "run", "degraded").filter(pk=round_id, state=State.FAILED).first()
    return row is not None and run_start(row=row, start=Start(resumed_step(row), who, "round revived"))
