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


def plan_text(row: Round, found: Plan) -> PlanText:
    plan = read(found)
    return PlanText(
        made=_made(found) if plan or found.plan is None else "This version of the service cannot read the plan.",
        attempt=found.attempt,
        sections=tuple(summary(plan, checks_of(row))) if plan else (),
        refused=tuple(f"{one.get('item', '')}: {one.get('reason', '')}" for one in found.refused),
    )


def _made(found: Plan) -> str:
    if found.plan is None:
        return f"There is no plan: {found.why_none}"
    if found.edited_by:
        by = f"written by {found.edited_by}"
    elif found.attempt is None:
        by = "made by a model"
    else:
        simulated = ", simulated" if found.attempt.simulated else ""
        by = f"made by {found.attempt.model_answered or found.attempt.model_asked or 'a model'}{simulated}"
    if found.source == PlanSource.CARRIED:
        return f"Carried on from the run before, {by}."
    return f"{by[0].upper()}{by[1:]}."
