"""The console's pages of what was asked for: rounds with all that happened to them, tasks, attachments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.urls import path
from django.utils.html import format_html, format_html_join

from tasks_app.admin import columns, record
from tasks_app.admin.actions import MAY_OPERATE, action_on_many, action_on_one, bulk
from tasks_app.admin.columns import HEAVY
from tasks_app.admin.console import ReadOnlyAdmin, console
from tasks_app.admin.plan_edit import plan_edit_view
from tasks_app.admin.plans import plan_in_words, plans
from tasks_app.admin.record import changed_attachments
from tasks_app.admin.status_panel import status_panel, status_panel_view
from tasks_app.models import Attachment, Round, Task
from tasks_app.operations import clock
from tasks_app.reports.check_matrix import tallies
from tasks_app.reports.display import contents, json_block, pill, row_link, short, shown, table, visible
from tasks_app.reports.explanation import explained
from tasks_app.rounds.operator_actions import Action

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern
    from django.utils.safestring import SafeString


@admin.display(description="request as it came, less the secret")
def raw_request(row: Round) -> SafeString | str:
    """Return the request's JSON; data URIs are cut short, their files are among the attachments."""
    return json_block(row.request)


@admin.display(description="as manage.py explain tells it")
def headline_in_short(row: Round) -> SafeString | str:
    """Return the story in about twenty lines."""
    lines = ((about, visible(text)) for about, text in explained(row, clock.now()))
    return format_html('<dl class="short">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", lines))


_CHOOSE_ALL = format_html('<input type="checkbox" id="action-toggle" aria-label="{}">', "Choose all on this page")


class RoundList(ChangeList):
    """A page of rounds, with their checks counted at once."""

    def get_results(self, request: HttpRequest) -> None:
        """Count the checks of the rounds that are on the page."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        counted = tallies({row.chosen_attempt_id for row in self.result_list if row.chosen_attempt_id})
        for row in self.result_list:
            row.tally = counted.get(row.chosen_attempt_id, (0, 0))


@admin.register(Round, site=console)
class RoundAdmin(ReadOnlyAdmin):
    """One accepted POST and its whole record, with what an operator may do to it."""

    heavy = HEAVY
    change_form_template = "console/round.html"
    list_display = (
        columns.task_name, shown("number", "round"), columns.step_and_state, columns.clock, columns.checks_passed, columns.flags,
        columns.links, shown("error_code"), shown("email", brief=True), shown("created_at"),
    )  # fmt: skip
    list_filter = ("state", "step", *columns.FLAGS, "created_at")
    list_select_related = ("task",)
    actions = (bulk(Action.RETRY), bulk(Action.CANCEL), bulk(Action.NOTIFY_AGAIN))
    search_fields = (
        "id", "email", "task_name", "nonce", "commit_sha", "repository", "error_code", "error_message",
    )  # fmt: skip
    search_help_text = "id, email, task, nonce, commit, repository or error"

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Say who may act on rounds: Django asks by this name for the list's actions."""
        return request.user.has_perm(MAY_OPERATE)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Add the button for those who may press it."""
        retry = [columns.retry_button] if self.has_operate_permission(request) else []
        return [*self.list_display[:3], *retry, *self.list_display[3:]]

    def get_changelist(self, request: HttpRequest, **more: Any) -> type[ChangeList]:
        """Return the list that counts checks."""
        return RoundList

    @admin.display(description=_CHOOSE_ALL)
    def action_checkbox(self, obj: Round) -> SafeString:
        """Return Django's checkbox, named in characters that cannot hide anything."""
        return format_html(
            '<input type="checkbox" name="_selected_action" value="{}" class="action-select" aria-label="Choose {}">',
            obj.pk,
            short(str(obj), 80),
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses of the acts, of the plan's form and of the part that refreshes itself."""
        within = self.admin_site.admin_view
        own = [
            path("act/<str:act>/", within(action_on_many), name="tasks_app_round_act_on_many"),
            path("<uuid:pk>/act/<str:act>/", within(action_on_one), name="tasks_app_round_act"),
            path("<uuid:pk>/plan/", within(plan_edit_view), name="tasks_app_round_plan"),
            path("<uuid:pk>/status/", within(status_panel_view), name="tasks_app_round_status_panel"),
        ]
        return [*own, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **more: Any) -> HttpResponse:
        """Put how it stands on top."""
        context |= status_panel(context["original"], request)
        return super().render_change_form(request, context, **more)

    fieldsets = (
        (
            "Where it stands",
            {"fields": (
                shown("state"), shown("step"), shown("waiting_on"), columns.error, columns.repository, columns.published_page,
                shown("commit_sha", "commit"), shown("created_at"), shown("published_at"), shown("live_at"),
                shown("finished_at"), shown("deadline_at"),
            )},
        ),
        ("The story in short", {"classes": ("collapse",), "fields": (headline_in_short,)}),
        (
            "What was asked for",
            {"fields": (
                shown("email"), shown("task_name", "task"), shown("number", "round"), shown("nonce"), shown("brief"), shown("checks"),
                record.attachments, changed_attachments, shown("evaluation_url"), shown("warnings"),
            )},
        ),
        ("Plan: how the request was read", {"fields": (plan_in_words, plans)}),
        (
            "What happened",
            {"fields": (
                record.steps, record.spending, record.attempts, record.check_results, record.screenshots, record.commits, record.pages_statuses,
                record.notifications, record.events, record.source_files,
            )},
        ),
        (
            "Inside",
            {"classes": ("collapse",), "fields": (
                shown("id"), shown("task", "row of the task"), shown("run"), shown("started_at"), shown("next_at"), shown("share_ends_at"),
                shown("watch_at"), shown("watch_until"), shown("watch_token"),
                shown("lease_owner"), shown("lease_token"), shown("lease_until"), shown("crashes"), shown("failures"),
                shown("worker_seconds"), shown("reduced_until"),
                shown("decision", "next try"), shown("decision_attempt", "which it is about"), shown("decision_reason", "why it is made"), shown("chosen_at"), shown("base_sha"), shown("owner"), shown("repository", "repository's name"),
                shown("key"), shown("task_key"), shown("digest"), raw_request,
            )},
        ),
    )  # fmt: skip


@admin.display(description="rounds")
def rounds_of_task(row: Task) -> SafeString | str:
    """Return the task's rounds."""
    found = row.rounds.defer(*HEAVY).order_by("created_at")[:201]
    return table(
        "rounds",
        ("round", "state", "step", "commit", "created"),
        ((row_link(r), pill(r.state), r.step, r.commit_sha[:12], r.created_at) for r in found),
    )


@admin.register(Task, site=console)
class TaskAdmin(ReadOnlyAdmin):
    """The rounds of one (email, task)."""

    list_display = (
        shown("name", brief=True), shown("email", brief=True), shown("owner"), shown("repository"), shown("created_at"),
    )  # fmt: skip
    search_fields = ("email", "name", "repository", "key")
    ordering = ("-created_at",)
    fieldsets = (
        (
            None,
            {"fields": (
                shown("name"), shown("email"), shown("created_at"), columns.repository, columns.published_page, shown("owner"),
                shown("repository", "repository's name"), rounds_of_task, shown("attachment_names"), shown("regression_checks"), shown("key"),
            )},
        ),
    )  # fmt: skip


@admin.display(description="contents")
def attachment_contents(row: Attachment) -> SafeString | str:
    """Return the file, readable where it is text."""
    return contents(row.content)


@admin.register(Attachment, site=console)
class AttachmentAdmin(ReadOnlyAdmin):
    """A file that came with a round."""

    heavy = ("content", *(f"round__{name}" for name in HEAVY))
    list_display = (shown("name"), shown("round"), shown("media_type"), shown("sha256", "SHA-256"))
    list_select_related = ("round",)
    search_fields = ("name", "sha256", "round__task_name", "round__email")
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {"fields": (
                shown("name"), shown("round"), shown("position"), shown("media_type"), shown("url", "fetched from"),
                shown("source"), shown("sha256", "SHA-256"), shown("note"), attachment_contents,
            )},
        ),
    )  # fmt: skip
