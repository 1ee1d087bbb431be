"""The console's pages of what is not one round's: refusals, events, workers, breakers, what models take."""

from __future__ import annotations

from django.contrib import admin

from tasks_app.admin.columns import HEAVY
from tasks_app.admin.console import ReadOnlyAdmin, ValuesFilter, console
from tasks_app.models import Breaker, Event, ForgeQuota, ForgeWrite, ModelProfile, Rejection, WorkerBeat
from tasks_app.reports.display import shown

_ROUND = tuple(f"round__{name}" for name in HEAVY)


@admin.register(Rejection, site=console)
class RejectionAdmin(ReadOnlyAdmin):
    """A request with the right secret that was refused."""

    heavy = ("payload",)
    list_display = (shown("at"), shown("status"), shown("client"), shown("errors", brief=True))
    list_filter = (("status", ValuesFilter), "at")
    search_fields = ("client", "errors")
    fieldsets = (
        (None, {"fields": (shown("at"), shown("status"), shown("client"), shown("errors"), shown("payload"))}),
    )


@admin.register(Event, site=console)
class EventAdmin(ReadOnlyAdmin):
    """An operator's act, or a decision of the service."""

    heavy = _ROUND
    list_display = (shown("at"), shown("who"), shown("what"), shown("round"), shown("text", brief=True))
    list_filter = (("what", ValuesFilter), "at")
    list_select_related = ("round",)
    search_fields = ("who", "what", "text", "round__task_name", "round__email")
    fieldsets = ((None, {"fields": (shown("at"), shown("who"), shown("what"), shown("round"), shown("text"))}),)


@admin.register(WorkerBeat, site=console)
class WorkerBeatAdmin(ReadOnlyAdmin):
    """A process, when it was last heard of and what it was on."""

    heavy = _ROUND
    list_display = (
        shown("worker"), shown("host"), shown("pid"), shown("seen_at", "last seen"), shown("stopping"), shown("round"), shown("step"),
    )  # fmt: skip
    list_filter = ("seen_at",)
    list_select_related = ("round",)
    search_fields = ("worker", "host")
    fieldsets = (
        (
            None,
            {"fields": (
                shown("worker"), shown("host"), shown("pid"), shown("seen_at", "last seen"), shown("workers"), shown("stopping"), shown("round"),
                shown("step"),
            )},
        ),
    )  # fmt: skip


@admin.register(Breaker, site=console)
class BreakerAdmin(ReadOnlyAdmin):
    """A kind of outside service that does not work for now, or did not."""

    list_display = (
        shown("kind"), shown("code"), shown("reason", brief=True), shown("since"), shown("until"), shown("closed_at"),
        shown("closed_by"),
    )  # fmt: skip
    list_filter = (("kind", ValuesFilter), "since")
    search_fields = ("code", "reason", "closed_by")
    fieldsets = (
        (
            None,
            {"fields": (
                shown("kind"), shown("code"), shown("reason"), shown("since"), shown("until"), shown("closed_at"), shown("closed_by"),
            )},
        ),
    )  # fmt: skip


@admin.register(ForgeQuota, site=console)
class ForgeQuotaAdmin(ReadOnlyAdmin):
    """What GitHub's answers said of its limits."""

    list_display = (
        shown("remaining"), shown("limit"), shown("reset_at", "begins anew"), shown("seen_at", "seen"),
        shown("blocked_until", "nothing before"), shown("blocked_reason", "why", brief=True),
    )  # fmt: skip
    search_fields = ("blocked_reason",)
    fieldsets = (
        (None, {"fields": (shown("limit"), shown("remaining"), shown("reset_at"), shown("seen_at"))}),
        ("Closed", {"fields": (shown("blocked_until"), shown("blocked_reason"), shown("strikes"), shown("struck_at"))}),
    )


@admin.register(ForgeWrite, site=console)
class ForgeWriteAdmin(ReadOnlyAdmin):
    """A write to GitHub's REST API, or the slot that is kept for one."""

    list_display = (shown("key", "what", brief=True), shown("due_at", "due"), shown("used_at", "went"))
    list_filter = ("used_at",)
    search_fields = ("key",)
    fieldsets = ((None, {"fields": (shown("key"), shown("due_at"), shown("used_at"))}),)


@admin.register(ModelProfile, site=console)
class ModelProfileAdmin(ReadOnlyAdmin):
    """What a server was found to take for a model."""

    list_display = (
        shown("model"), shown("server"), shown("length_parameter"), shown("longest_answer"), shown("dropped"), shown("images"),
        shown("learned_at"),
    )  # fmt: skip
    list_filter = ("images", "learned_at")
    search_fields = ("server", "model")
    fieldsets = (
        (
            None,
            {"fields": (
                shown("model"), shown("server"), shown("length_parameter"), shown("longest_answer"), shown("dropped"), shown("images"),
                shown("learned_at"),
            )},
        ),
    )  # fmt: skip
