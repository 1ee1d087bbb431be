"""The console's pages of rows that belong to no round: rejections, events, workers, breakers, model profiles."""

from __future__ import annotations

from django.contrib import admin

from tasks_app.admin.console import ReadOnlyAdmin, console, in_list, on_page, values
from tasks_app.models import (
    Alert,
    Breaker,
    Event,
    ForgeQuota,
    ForgeWrite,
    ModelProfile,
    Rejection,
    Takedown,
    WorkerBeat,
)
from tasks_app.reports.display import shown


@admin.register(Rejection, site=console)
class RejectionAdmin(ReadOnlyAdmin):
    heavy = ("payload",)
    list_display = in_list("at", "status", "client", "errors")
    list_filter = (*values("status"), "at")
    search_fields = ("client", "errors")
    fields = on_page("at", "status", "client", "errors", "payload")


@admin.register(Event, site=console)
class EventAdmin(ReadOnlyAdmin):
    list_display = in_list("at", "who", "what", "round", "text")
    list_filter = (*values("what"), "at")
    list_select_related = ("round",)
    search_fields = ("who", "what", "text", "round__task_name", "round__email")
    fields = on_page("at", "who", "what", "round", "text")


@admin.register(Alert, site=console)
class AlertAdmin(ReadOnlyAdmin):
    list_display = in_list("at", "cause", "round", "text", shown("sent_at", "sent"), "attempts", "error")
    list_filter = (*values("cause"), "at")
    list_select_related = ("round",)
    search_fields = ("text", "error", "round__task_name", "round__email")
    fields = on_page(
        "at", "cause", "key", "round", "run", "text", "batch", "begun_at", "attempts", "next_at", "sent_at", "error"
    )


@admin.register(WorkerBeat, site=console)
class WorkerBeatAdmin(ReadOnlyAdmin):
    list_display = in_list("worker", "host", "pid", shown("seen_at", "last seen"), "stopping", "round", "step")
    list_filter = ("seen_at",)
    list_select_related = ("round",)
    search_fields = ("worker", "host")
    fields = on_page("worker", "host", "pid", shown("seen_at", "last seen"), "workers", "stopping", "round", "step")


@admin.register(Breaker, site=console)
class BreakerAdmin(ReadOnlyAdmin):
    list_display = in_list("kind", "code", "reason", "since", "until", "opened_by", "closed_at", "closed_by")
    list_filter = (*values("kind"), "since")
    search_fields = ("code", "reason", "opened_by", "closed_by")
    fields = on_page("kind", "code", "reason", "since", "until", "opened_by", "closed_at", "closed_by")


@admin.register(Takedown, site=console)
class TakedownAdmin(ReadOnlyAdmin):
    list_display = in_list("repository", "reach", "asked_at", "asked_by", "down_at", "undo_at", "back_at", "error")
    list_filter = (*values("reach"), "asked_at")
    search_fields = ("owner", "repository", "asked_by", "reason")
    fields = on_page(
        "owner", "repository", "repo_url", "pages_url", "pages_source", "reach", "reason", "asked_at", "asked_by",
        "down_at", "undo_at", "undo_by", "back_at", "next_at", "error", "round_id",
    )  # fmt: skip


@admin.register(ForgeQuota, site=console)
class ForgeQuotaAdmin(ReadOnlyAdmin):
    list_display = in_list(
        "remaining", "limit", shown("reset_at", "begins anew"), shown("seen_at", "seen"),
        shown("blocked_until", "nothing before"), shown("blocked_reason", "why", brief=True),
    )  # fmt: skip
    search_fields = ("blocked_reason",)
    fieldsets = (
        (None, {"fields": on_page("limit", "remaining", "reset_at", "seen_at")}),
        ("Closed", {"fields": on_page("blocked_until", "blocked_reason", "strikes", "struck_at")}),
    )


@admin.register(ForgeWrite, site=console)
class ForgeWriteAdmin(ReadOnlyAdmin):
    list_display = in_list(shown("key", "what", brief=True), shown("due_at", "due"), shown("used_at", "went"))
    list_filter = ("used_at",)
    search_fields = ("key",)
    fields = on_page("key", "due_at", "used_at")


@admin.register(ModelProfile, site=console)
class ModelProfileAdmin(ReadOnlyAdmin):
    list_display = in_list("model", "server", "length_parameter", "longest_answer", "dropped", "images", "learned_at")
    list_filter = ("images", "learned_at")
    search_fields = ("server", "model")
    ordering = ("server", "model")
    fields = on_page("model", "server", "length_parameter", "longest_answer", "dropped", "images", "learned_at")
