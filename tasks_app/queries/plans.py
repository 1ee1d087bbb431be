"""The plans of rounds, from rows to the engine's values."""

from __future__ import annotations

import logging

from django.db.models import F
from pydantic import ValidationError

from engine.domain.checks import Kind, Verdict
from engine.plan.schema import RequestPlan
from engine.plan.verdicts import EarlierPlan
from tasks_app.models import CheckResult, Round, SourceFile
from tasks_app.models import Plan as PlanRow
from tasks_app.queries.briefs import MOST_ASKED, checks_of

logger = logging.getLogger(__name__)


def plan_row(row: Round) -> PlanRow | None:
    """Return the row of the current run's plan, None before the first try to make one."""
    return plan_row_of(row, row.run)


def plan_row_of(row: Round, run: int) -> PlanRow | None:
    rows = PlanRow.objects.select_related("attempt").filter(round=row, run=run)
    return rows.defer("attempt__messages", "attempt__reply", "attempt__parameters").first()


def plan_of(row: Round) -> RequestPlan | None:
    """Return the plan of the round's current run, None without one."""
    return read(plan_row(row))


def read(row: PlanRow | None) -> RequestPlan | None:
    """Return the plan of a row; None if the row has none, or one that this version cannot read."""
    if row is None or row.plan is None:
        return None
    try:
        return RequestPlan.model_validate(row.plan)
    except ValidationError as error:
        logger.warning("the %s of round %s cannot be read: %s", row, row.round_id, error)
        return None


def earlier_plans(row: Round) -> tuple[EarlierPlan, ...]:
    """Return the plans of the newest published rounds before this one, the newest first."""
    newest = list(row.published_before().order_by("-number", "-published_at").defer("request")[:MOST_ASKED])
    rows = PlanRow.objects.filter(round__in=newest, run=F("round__chosen_attempt__run"))
    plan_by_round = {one.round_id: plan for one in rows if (plan := read(one))}
    return tuple(
        EarlierPlan(plan_by_round[one.pk], checks_of(one), _held_sentences(one))
        for one in newest
        if one.pk in plan_by_round
    )


def _held_sentences(row: Round) -> frozenset[str]:
    """Return the sentences among a round's checks that held at its publication."""
    results = CheckResult.objects.filter(attempt=row.chosen_attempt_id, kind=Kind.PROSE, verdict=Verdict.PASS)
    return frozenset(results.values_list("text", flat=True))


def present_paths(row: Round) -> frozenset[str]:
    """Return the paths of the task's newest publication by our rows."""
    published = Round.objects.filter(task_key=row.task_key, published_at__isnull=False).order_by("-published_at")
    attempt = published.values_list("chosen_attempt_id", flat=True).first()
    return frozenset(SourceFile.objects.filter(attempt=attempt).values_list("path", flat=True) if attempt else ())
