"""The console's pages of submissions: who it is, and each round with its request, callback, calls and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Prefetch

from tasks_app.admin.columns import HEAVY
from tasks_app.admin.console import console, in_list, on_page
from tasks_app.admin.rehearsals.columns import (
    FailingFilter,
    RehearsalFilter,
    RehearsalRowAdmin,
    SummarisedList,
    failing,
    linked,
    mean_score,
    score_pill,
    undecided,
)
from tasks_app.admin.rehearsals.judged_rounds import CALLS, RESULTS, judged_round
from tasks_app.models import IssuedTask, Submission
from tasks_app.rehearsal.results.report import submission_report
from tasks_app.rehearsal.results.summaries import submission_summaries
from tasks_app.rehearsal.results.text import callback_text, request_text
from tasks_app.reports.display import NOTHING, short

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

    from tasks_app.rehearsal.results.report import ReportedRound

#: The most rounds of one submission on its page.
MOST_ROUNDS = 60


@admin.display(description="endpoint", ordering="endpoint")
def endpoint(row: Submission) -> SafeString | str:
    return linked(row.endpoint)


@admin.display(description="repository", ordering="repository")
def repository(row: Submission) -> SafeString | str:
    return linked(row.repository)


@admin.register(Submission, site=console)
class SubmissionAdmin(RehearsalRowAdmin):
    heavy = HEAVY["Submission"]
    to_rehearsal = "rehearsal"
    to_results = "issued__submission"
    change_form_template = "console/submission.html"
    list_display = in_list("email", "rehearsal", mean_score, failing, undecided, endpoint)
    list_filter = (FailingFilter, RehearsalFilter)
    list_select_related = ("rehearsal",)
    search_fields = ("email", "endpoint", "repository")
    search_help_text = "email, endpoint or repository"
    fields = on_page("email", "rehearsal", endpoint, repository)

    def summaries(self, pks: list[int]) -> dict[int, Any]:
        return submission_summaries(pks)

    def get_changelist(self, request: HttpRequest, **more: Any) -> type[ChangeList]:
        return SummarisedList

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *rest: Any, **more: Any
    ) -> HttpResponse:
        context |= submission_page(context["original"])
        return super().render_change_form(request, context, *rest, **more)


def submission_page(row: Submission) -> dict[str, object]:
    """Return the template's context: the scores, a line for each round, and each round in full."""
    report = submission_report(row)
    issued = IssuedTask.objects.filter(submission=row).order_by("task", "round")[:MOST_ROUNDS]
    whole = issued.prefetch_related(Prefetch("results", RESULTS), Prefetch("calls", CALLS))
    return {
        "score": score_pill(report.score),
        "failing": report.failing,
        "undecided": report.undecided,
        "overview": [_line(one) for one in report.rounds],
        "rounds": [judged_round(one, one.results.all(), one.calls.all()) for one in whole],
        "more": max(len(report.rounds) - MOST_ROUNDS, 0),
    }


def _line(one: ReportedRound) -> dict[str, object]:
    return {
        "pk": one.row.pk,
        "task": short(one.row.task, 80),
        "round": one.row.round,
        "request": request_text(one.row),
        "callback": callback_text(one),
        "score": score_pill(one.score),
        "held": f"{one.held} of {one.decided}" if one.decided else NOTHING,
        "undecided": one.undecided,
    }
