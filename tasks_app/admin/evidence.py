"""The console's pages of outside effects: steps, commits, polls of Pages, callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from tasks_app.admin.console import OF_ROUND, ReadOnlyAdmin, console, in_list, on_page, values
from tasks_app.models import Commit, NotificationAttempt, PagesStatus, StepRun
from tasks_app.reports.display import contents, outside, shown
from tasks_app.reports.round_report import evidence_address

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


@admin.register(StepRun, site=console)
class StepRunAdmin(ReadOnlyAdmin):
    list_display = in_list("step", "round", "run", "outcome", "started_at", "ended_at", "detail")
    list_filter = (*values("step", "outcome"), "started_at")
    list_select_related = ("round",)
    search_fields = ("detail", *OF_ROUND)
    fields = on_page("step", "round", "run", "claims", "started_at", "ended_at", "outcome", "detail")


@admin.display(description="address")
def commit_address(row: Commit) -> SafeString | str:
    """Link to the commit on its forge, if the forge has a page for it."""
    return outside(row.url)


@admin.display(description="evidence page")
def evidence(row: Commit) -> SafeString | str:
    return outside(evidence_address(row))


@admin.register(Commit, site=console)
class CommitAdmin(ReadOnlyAdmin):
    list_display = in_list(shown("sha", "commit"), "round", "run", "planned_at", "pushed_at", "abandoned_at")
    list_filter = ("planned_at",)
    list_select_related = ("round",)
    search_fields = ("sha", *OF_ROUND)
    fields = on_page(
        shown("sha", "commit"), "parent", "round", "run", "attempt", commit_address, evidence, "files", "planned_at",
        "pushed_at", "abandoned_at", "replaced_at", "rebuilds", "rebuild_asked_at",
        "rebuild_after",
    )  # fmt: skip


@admin.register(PagesStatus, site=console)
class PagesStatusAdmin(ReadOnlyAdmin):
    list_display = in_list("at", "round", "run", "build_status", "http_status", "live", "reason")
    list_filter = ("live", *values("build_status"), "at")
    list_select_related = ("round",)
    search_fields = ("built_commit", "reason", *OF_ROUND)
    fields = on_page("at", "round", "run", "build_status", "built_commit", "http_status", "live", "reason")


@admin.display(description="body")
def body(row: NotificationAttempt) -> SafeString | str:
    return contents(row.body)


@admin.register(NotificationAttempt, site=console)
class NotificationAttemptAdmin(ReadOnlyAdmin):
    heavy = ("body", "answer")
    list_display = in_list("started_at", "round", "run", "number", "status_code", "seconds", "error")
    list_filter = (*values("status_code"), "started_at")
    list_select_related = ("round",)
    search_fields = ("url", "error", *OF_ROUND)
    fields = on_page(
        "round", "run", "number", "url", "headers", body, "started_at", "seconds", "status_code", "answer_headers",
        "answer", "error",
    )  # fmt: skip
