"""The console's pages of what was done outside, and when: steps, commits, looks at the page, callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from tasks_app.admin.columns import HEAVY
from tasks_app.admin.console import ReadOnlyAdmin, ValuesFilter, console
from tasks_app.models import Commit, NotificationAttempt, PagesStatus, StepRun
from tasks_app.reports.display import contents, outside, shown
from tasks_app.reports.round_report import evidence_address

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

_ROUND = tuple(f"round__{name}" for name in HEAVY)
_OF_ROUND = ("round__task_name", "round__email", "round__nonce")


@admin.register(StepRun, site=console)
class StepRunAdmin(ReadOnlyAdmin):
    """One step of one run."""

    heavy = _ROUND
    list_display = (
        shown("step"), shown("round"), shown("run"), shown("outcome"), shown("started_at"), shown("ended_at"),
        shown("detail", brief=True),
    )  # fmt: skip
    list_filter = (("step", ValuesFilter), ("outcome", ValuesFilter), "started_at")
    list_select_related = ("round",)
    ordering = ("-pk",)
    search_fields = ("detail", *_OF_ROUND)
    fieldsets = (
        (
            None,
            {"fields": (
                shown("step"), shown("round"), shown("run"), shown("claims"), shown("started_at"), shown("ended_at"), shown("outcome"),
                shown("detail"),
            )},
        ),
    )  # fmt: skip


@admin.display(description="address")
def commit_address(row: Commit) -> SafeString | str:
    """Link to the commit on its forge, where it has an address there."""
    return outside(row.url)


@admin.display(description="evidence page")
def evidence(row: Commit) -> SafeString | str:
    """Link to the page that whoever has its address may read."""
    return outside(evidence_address(row))


@admin.register(Commit, site=console)
class CommitAdmin(ReadOnlyAdmin):
    """A commit, planned before it was pushed."""

    heavy = _ROUND
    list_display = (
        shown("sha", "commit"), shown("round"), shown("run"), shown("planned_at"), shown("pushed_at"), shown("abandoned_at"),
    )  # fmt: skip
    list_filter = ("planned_at",)
    list_select_related = ("round",)
    ordering = ("-pk",)
    search_fields = ("sha", *_OF_ROUND)
    fieldsets = (
        (
            None,
            {"fields": (
                shown("sha", "commit"), shown("parent"), shown("round"), shown("run"), shown("attempt"), commit_address, evidence, shown("files"),
                shown("planned_at"), shown("pushed_at"), shown("abandoned_at"), shown("rebuild_asked_at"), shown("rebuild_after"),
            )},
        ),
    )  # fmt: skip


@admin.register(PagesStatus, site=console)
class PagesStatusAdmin(ReadOnlyAdmin):
    """One look at a page's build and at what is served."""

    heavy = _ROUND
    list_display = (
        shown("at"), shown("round"), shown("run"), shown("build_status"), shown("http_status", "HTTP status"), shown("live"),
        shown("reason", brief=True),
    )  # fmt: skip
    list_filter = ("live", ("build_status", ValuesFilter), "at")
    list_select_related = ("round",)
    ordering = ("-pk",)
    search_fields = ("built_commit", "reason", *_OF_ROUND)
    fieldsets = (
        (
            None,
            {"fields": (
                shown("at"), shown("round"), shown("run"), shown("build_status"), shown("built_commit"),
                shown("http_status", "HTTP status"), shown("live"), shown("reason"),
            )},
        ),
    )  # fmt: skip


@admin.display(description="body")
def body(row: NotificationAttempt) -> SafeString | str:
    """Return the bytes that were sent."""
    return contents(row.body)


@admin.register(NotificationAttempt, site=console)
class NotificationAttemptAdmin(ReadOnlyAdmin):
    """One POST to the evaluator."""

    heavy = ("body", "answer", *_ROUND)
    list_display = (
        shown("started_at"), shown("round"), shown("run"), shown("number"), shown("status_code", "HTTP status"), shown("seconds"),
        shown("error", brief=True),
    )  # fmt: skip
    list_filter = (("status_code", ValuesFilter), "started_at")
    list_select_related = ("round",)
    ordering = ("-pk",)
    search_fields = ("url", "error", *_OF_ROUND)
    fieldsets = (
        (
            None,
            {"fields": (
                shown("round"), shown("run"), shown("number"), shown("url"), shown("headers"), body, shown("started_at"),
                shown("seconds"), shown("status_code", "HTTP status"), shown("answer_headers"), shown("answer"), shown("error"),
            )},
        ),
    )  # fmt: skip
