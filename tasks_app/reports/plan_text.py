"""A plan in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.plan.summary import summary
from tasks_app.models import PlanSource
from tasks_app.queries.briefs import checks_of
from tasks_app.queries.plans import read
from tasks_app.reports.display import MOST_IN_CELL, short

if TYPE_CHECKING:
    from engine.plan.summary import SummarySection
    from tasks_app.models import Attempt, Plan, Round


@dataclass(frozen=True, slots=True)
class PlanText:
    """A plan's sections in words. `made` names the plan's author or why there is none; `attempt` is its model call."""

    made: str
    attempt: Attempt | None
    sections: tuple[SummarySection, ...]
    refused: tuple[str, ...]

    def shown(self, longest: int = MOST_IN_CELL) -> list[tuple[str, list[tuple[str, list[str]]]]]:
        """Return each section's heading and entries, and each entry's rules, cut off after `longest` characters."""
        return [
            (section.heading, [(short(x.says, longest), [short(r, longest) for r in x.rules]) for x in section.entries])
            for section in self.sections
        ]


def plan_text(row: Round, plan_row: Plan) -> PlanText:
    plan = read(plan_row)
    return PlanText(
        made=_author(plan_row)
        if plan or plan_row.plan is None
        else "This version of the service cannot read the plan.",
        attempt=plan_row.attempt,
        sections=tuple(summary(plan, checks_of(row))) if plan else (),
        refused=tuple(f"{one.get('item', '')}: {one.get('reason', '')}" for one in plan_row.refused),
    )


def _author(plan_row: Plan) -> str:
    if plan_row.plan is None:
        return f"There is no plan: {plan_row.why_none}"
    if plan_row.edited_by:
        by = f"written by {plan_row.edited_by}"
    elif plan_row.attempt is None:
        by = "made by a model"
    else:
        simulated = ", simulated" if plan_row.attempt.simulated else ""
        by = f"made by {plan_row.attempt.model_answered or plan_row.attempt.model_asked or 'a model'}{simulated}"
    if plan_row.source == PlanSource.CARRIED:
        return f"Carried on from the run before, {by}."
    return f"{by[0].upper()}{by[1:]}."
