"""How a round reads its request, on its page in words; and the console's pages of plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.template.loader import render_to_string

from tasks_app.admin.columns import HEAVY
from tasks_app.admin.console import ReadOnlyAdmin, ValuesFilter, console
from tasks_app.models import Plan
from tasks_app.queries.plans import plan_text
from tasks_app.reports.display import row_link, short, shown, table

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from tasks_app.models import Round

_ROUND = tuple(f"round__{name}" for name in HEAVY)
_ATTEMPT = ("attempt__messages", "attempt__parameters", "attempt__reply")
_LONGEST = 1_000  # characters of one line


@admin.display(description="in words")
def plan_in_words(row: Round) -> str:
    """Return the plan of the present run."""
    text = plan_text(row)
    if text is None:
        return "No plan was made in this run yet."
    context = {
        "made": short(text.made, _LONGEST),
        "call": row_link(text.attempt, f"model call {text.attempt.pk}") if text.attempt else "",
        "sections": [
            (section.heading, [(short(one.says, _LONGEST), [short(rule, _LONGEST) for rule in one.rules]) for one in section.entries])
            for section in text.sections
        ],
        "refused": [short(one, _LONGEST) for one in text.refused],
    }  # fmt: skip
    return render_to_string("console/plan.html", context)


@admin.display(description="of each run")
def plans(row: Round) -> SafeString | str:
    """Return the plans of all runs, each a link to its JSON."""
    return table(
        "plans",
        ("run", "plan", "source", "edited by", "model call", "refused", "why there is none", "made"),
        (
            (p.run, row_link(p), p.source, p.edited_by, row_link(p.attempt), len(p.refused), p.why_none, p.made_at)
            for p in row.plans.select_related("attempt").defer("plan", *_ATTEMPT)
        ),
    )


@admin.register(Plan, site=console)
class PlanAdmin(ReadOnlyAdmin):
    """How one run reads its request."""

    heavy = ("plan", "refused", *_ROUND, *_ATTEMPT)
    list_display = (
        shown("run"), shown("round"), shown("source"), shown("edited_by"), shown("attempt"), shown("why_none", brief=True),
        shown("made_at"),
    )  # fmt: skip
    list_filter = (("source", ValuesFilter), "made_at")
    list_select_related = ("round", "attempt")
    ordering = ("-pk",)
    search_fields = ("edited_by", "why_none", "round__task_name", "round__email", "round__nonce")
    fieldsets = (
        (
            None,
            {"fields": (
                shown("round"), shown("run"), shown("source"), shown("edited_by"), shown("attempt"), shown("why_none"), shown("refused"),
                shown("plan"), shown("made_at"),
            )},
        ),
    )  # fmt: skip
