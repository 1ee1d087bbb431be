"""The console's pages of rounds, tasks and attachments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.urls import path
from django.utils.html import format_html

from tasks_app.admin import columns, round_tables
from tasks_app.admin.actions import MAY_OPERATE, action_on_many, action_on_one, bulk
from tasks_app.admin.columns import HEAVY
from tasks_app.admin.console import ReadOnlyAdmin, console, in_list, on_page
from tasks_app.admin.plan_edit import plan_edit_view
from tasks_app.admin.status_panel import status_panel, status_panel_view
from tasks_app.admin.takedown import takedown_view
from tasks_app.models import Attachment, Round, Task
from tasks_app.reports.display import contents, json_block, pill, row_link, short, shown, table
from tasks_app.reports.round_report import FLAGS, round_lines
from tasks_app.rounds.operator_actions import Action

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern
    from django.utils.safestring import SafeString


@admin.display(description="request as it came, less the secret")
def raw_request(row: Round) -> SafeString | str:
    """Return the request's JSON with shortened data URIs: their files are among the attachments."""
    return json_block(row.request)


_CHOOSE_ALL = format_html('<input type="checkbox" id="action-toggle" aria-label="{}">', "Choose all on this page")


class RoundList(ChangeList):
    """A page of rounds that counts the checks of all its rounds together."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        lines = round_lines(self.result_list)
        self.result_list = [line.row for line in lines]
        for line in lines:
            vars(line.row)["counts"] = line.counts


@admin.register(Round, site=console)
class RoundAdmin(ReadOnlyAdmin):
    """One accepted POST with all its records and the operators' actions."""

    heavy = HEAVY["Round"]
    change_form_template = "console/round.html"
    list_display = in_list(
        columns.task_name, shown("number", "round"), columns.step_and_state, columns.clock, columns.checks_passed,
        columns.flags, columns.links, "error_code", "email", "created_at",
    )  # fmt: skip
    list_filter = ("state", "step", *FLAGS, "created_at")
    list_select_related = ("task",)
    actions = (bulk(Action.RETRY), bulk(Action.CANCEL), bulk(Action.NOTIFY_AGAIN))
    search_fields = (
        "id", "email", "task_name", "nonce", "commit_sha", "repository", "error_code", "error_message",
    )  # fmt: skip
    search_help_text = "id, email, task, nonce, commit, repository or error"

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Say who may act on rounds. Django calls this for the bulk actions' permission `operate`."""
        return request.user.has_perm(MAY_OPERATE)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        retry = [columns.retry_button] if self.has_operate_permission(request) else []
        return [*self.list_display[:3], *retry, *self.list_display[3:]]

    def get_changelist(self, request: HttpRequest, **more: Any) -> type[ChangeList]:
        return RoundList

    @admin.display(description=_CHOOSE_ALL)
    def action_checkbox(self, obj: Round) -> SafeString:
        """Return Django's checkbox with a visible label."""
        return format_html(
            '<input type="checkbox" name="_selected_action" value="{}" class="action-select" aria-label="Choose {}">',
            obj.pk,
            short(str(obj), 80),
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses of the actions, the plan's form and the status panel."""
        within = self.admin_site.admin_view
        own = [
            path("act/<str:act>/", within(action_on_many), name="tasks_app_round_act_on_many"),
            path("<uuid:pk>/act/<str:act>/", within(action_on_one), name="tasks_app_round_act"),
            path("<uuid:pk>/plan/", within(plan_edit_view), name="tasks_app_round_plan"),
            path("<uuid:pk>/takedown/", within(takedown_view), name="tasks_app_round_takedown"),
            path("<uuid:pk>/status/", within(status_panel_view), name="tasks_app_round_status_panel"),
        ]
        return [*own, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *rest: Any, **more: Any
    ) -> HttpResponse:
        context |= status_panel(context["original"], request)
        return super().render_change_form(request, context, *rest, **more)

    fieldsets = (
        (
            "Where it stands",
            {"fields": on_page(
                "state", "step", "waiting_on", columns.error, columns.repository, columns.published_page,
                shown("pages_source", "published by"), "commit_sha",
                "created_at", "published_at", "live_at", "finished_at", "deadline_at",
            )},
        ),
        ("In short", {"classes": ("collapse",), "fields": on_page(round_tables.explanation)}),
        (
            "What was asked for",
            {"fields": on_page(
                "email", shown("task_name", "task"), shown("number", "round"), "nonce", "brief", "checks",
                round_tables.attachments, round_tables.changed_attachments, "evaluation_url", "warnings",
            )},
        ),
        ("Plan: how the request was read", {"fields": on_page(round_tables.plan_in_words, round_tables.plans)}),
        (
            "What happened",
            {"fields": on_page(
                round_tables.steps, round_tables.spending, round_tables.attempts, round_tables.check_results,
                round_tables.screenshots, round_tables.commits, round_tables.pages_statuses, round_tables.notifications,
                round_tables.events, round_tables.source_files,
            )},
        ),
        (
            "Inside",
            {"classes": ("collapse",), "fields": on_page(
                "id", shown("task", "row of the task"), "run", "started_at", "next_at", "share_ends_at", "watch_at",
                "watch_until", "watch_token", "lease_owner", "lease_token", "lease_until", "crashes",
                "failures", "worker_seconds", "reduced_until", shown("decision", "next try"),
                shown("decision_attempt", "which it is about"), shown("decision_reason", "why it is made"), "chosen_at",
                "base_sha", "owner", shown("repository", "repository's name"), "key", "task_key", "digest",
                "request_id", raw_request,
            )},
        ),
    )  # fmt: skip


@admin.display(description="rounds")
def rounds_of_task(row: Task) -> SafeString | str:
    rows = row.rounds.defer(*HEAVY["Round"]).order_by("created_at")[:201]
    return table(
        "rounds",
        ("round", "state", "step", "commit", "created"),
        ((row_link(r), pill(r.state), r.step, r.commit_sha[:12], r.created_at) for r in rows),
    )


@admin.register(Task, site=console)
class TaskAdmin(ReadOnlyAdmin):
    list_display = in_list("name", "email", "owner", "repository", "created_at")
    search_fields = ("email", "name", "repository", "key")
    ordering = ("-created_at",)
    fields = on_page(
        "name", "email", "created_at", columns.repository, columns.published_page,
        shown("pages_source", "published by"), "owner",
        shown("repository", "repository's name"), rounds_of_task, "attachment_names", "regression_checks", "key",
    )  # fmt: skip


@admin.display(description="contents")
def attachment_contents(row: Attachment) -> SafeString | str:
    return contents(row.content)


@admin.register(Attachment, site=console)
class AttachmentAdmin(ReadOnlyAdmin):
    heavy = ("content",)
    list_display = in_list("name", "round", "media_type", "sha256")
    list_select_related = ("round",)
    search_fields = ("name", "sha256", "round__task_name", "round__email")
    fields = on_page(
        "name", "round", "position", "media_type", shown("url", "fetched from"), "source", "sha256", "note",
        attachment_contents,
    )  # fmt: skip
