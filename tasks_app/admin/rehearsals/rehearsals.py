"""The console's pages of rehearsals, and their exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, StreamingHttpResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.text import slugify

from tasks_app.admin.columns import HEAVY
from tasks_app.admin.console import console, in_list, on_page
from tasks_app.admin.rehearsals.columns import (
    FailingFilter,
    RehearsalRowAdmin,
    SummarisedList,
    failing,
    mean_score,
    summary_of,
    undecided,
)
from tasks_app.admin.rehearsals.rehearsal_page import rehearsal_page
from tasks_app.models import Rehearsal
from tasks_app.rehearsal.results.exports import as_csv, as_json, as_sqlite
from tasks_app.rehearsal.results.summaries import rehearsal_summaries
from tasks_app.reports.display import moment, pill, shown

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

#: The exports: media type, the file's suffix, and what makes it.
EXPORTS = {
    "csv": ("text/csv; charset=utf-8", "csv", as_csv),
    "json": ("application/json", "json", as_json),
    "sqlite": ("application/vnd.sqlite3", "sqlite3", as_sqlite),
}


@admin.display(description="state", ordering="ended_at")
def state(row: Rehearsal) -> SafeString | str:
    """Return when the rehearsal ended, or how far it is."""
    if row.ended_at:
        return format_html("{} {}", pill("ended"), moment(row.ended_at))
    summary = summary_of(row)
    return format_html(
        '{} <span class="progress">{} of {} judged</span>', pill("running"), summary.judged, summary.rounds
    )


@admin.display(description="submissions")
def submissions(row: Rehearsal) -> str:
    return f"{summary_of(row).submissions:,}"


@admin.display(description="tasks each", ordering="tasks")
def tasks_each(row: Rehearsal) -> str:
    return f"{row.tasks} of {row.rounds} round{'' if row.rounds == 1 else 's'}"


@admin.register(Rehearsal, site=console)
class RehearsalAdmin(RehearsalRowAdmin):
    """One evaluation: its results, and the settings that it runs by."""

    heavy = HEAVY["Rehearsal"]
    to_results = "issued__submission__rehearsal"
    change_form_template = "console/rehearsal.html"
    list_display = in_list(
        "name", mean_score, failing, undecided, state, submissions, tasks_each, shown("created_at", "begun"),
    )  # fmt: skip
    list_filter = (FailingFilter, "created_at")
    list_per_page = 20
    search_fields = ("name",)
    search_help_text = "name"
    fieldsets = (  # type: ignore[assignment]  # a read-only field may be a callable
        (
            "Settings",
            {"classes": ("collapse",), "fields": on_page(
                "name", shown("created_at", "begun"), shown("ended_at", "ended"), shown("tasks", "tasks each"),
                "rounds", shown("at_a_time", "at a time"), shown("deadline_seconds", "deadline in seconds"), "pace",
                "evaluation_url", "templates",
            )},
        ),
    )  # fmt: skip

    def summaries(self, pks: list[int]) -> dict[int, Any]:
        return rehearsal_summaries(pks)

    def get_changelist(self, request: HttpRequest, **more: Any) -> type[ChangeList]:
        return SummarisedList

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export_view)
        own = path("<int:pk>/export/<str:kind>/", export, name="tasks_app_rehearsal_export")
        return [own, *super().get_urls()]

    def export_view(self, request: HttpRequest, pk: int, kind: str) -> StreamingHttpResponse:
        """Send an export to an operator who may see its rehearsal."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = Rehearsal.objects.defer("templates").filter(pk=pk).first()
        if row is None or kind not in EXPORTS:
            raise Http404
        media_type, suffix, export = EXPORTS[kind]
        name = f"rehearsal-{slugify(row.name)[:60] or row.pk}.{suffix}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
        return StreamingHttpResponse(export(row), content_type=media_type, headers=headers)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *rest: Any, **more: Any
    ) -> HttpResponse:
        context |= rehearsal_page(context["original"], request.GET)
        return super().render_change_form(request, context, *rest, **more)
