"""The console's pages of plans."""

from __future__ import annotations

from django.contrib import admin

from tasks_app.admin.columns import HEAVY
from tasks_app.admin.console import ReadOnlyAdmin, ValuesFilter, console
from tasks_app.models import Plan
from tasks_app.reports.display import shown

_ROUND = tuple(f"round__{name}" for name in HEAVY)
_ATTEMPT = ("attempt__messages", "attempt__parameters", "attempt__reply")


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
