"""What the pages of rehearsals share: columns, links, and the base of their lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, OuterRef
from django.utils.html import format_html

from engine.domain.addresses import parse_url
from tasks_app.admin.console import ReadOnlyAdmin
from tasks_app.models import Rehearsal, RehearsalResult
from tasks_app.rehearsal.results.report import score_text
from tasks_app.rehearsal.results.summaries import FAILING, ResultSummary
from tasks_app.reports.display import NOTHING, outside, short, visible

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


MOST_REHEARSALS = 50
_GOOD_ENOUGH = 0.5


class RehearsalRowAdmin(ReadOnlyAdmin):
    """The base of the five pages. `to_rehearsal` and `to_results` are the ways to those rows in a query."""

    to_rehearsal = ""
    to_results = ""
    change_list_template = "console/rehearsal_rows.html"


class RehearsalFilter(admin.SimpleListFilter):
    """A filter by the newest rehearsals."""

    title = "rehearsal"
    parameter_name = "rehearsal"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = Rehearsal.objects.values_list("pk", "name")[:MOST_REHEARSALS]
        self.way = model_admin.to_rehearsal
        return [(str(pk), short(name, 60)) for pk, name in newest]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        chosen = self.value() or ""
        return queryset.filter(**{self.way: int(chosen)}) if chosen.isdecimal() and len(chosen) < 10 else queryset


class FailingFilter(admin.SimpleListFilter):
    """A filter by whether a check of the row fails."""

    title = "checks"
    parameter_name = "failing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.way = model_admin.to_results
        return [("1", "with failing checks"), ("0", "without failing checks")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        failing = Exists(RehearsalResult.objects.filter(FAILING, **{self.way: OuterRef("pk")}))
        return {"1": queryset.filter(failing), "0": queryset.exclude(failing)}.get(self.value() or "", queryset)


class SummarisedList(ChangeList):
    """A page of rows that counts the results of all its rows together."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        found = self.model_admin.summaries([row.pk for row in rows])  # type: ignore[attr-defined]
        for row in rows:
            vars(row)["summary"] = found[row.pk]
        self.result_list = rows


def summary_of(row: Model) -> ResultSummary:
    """Return what SummarisedList counted."""
    summary: ResultSummary = vars(row)["summary"]
    return summary


@admin.display(description="mean score")
def mean_score(row: Model) -> SafeString | str:
    return score_pill(summary_of(row).score)


@admin.display(description="failing")
def failing(row: Model) -> str:
    return f"{summary_of(row).failing:,}"


@admin.display(description="not decided")
def undecided(row: Model) -> str:
    return f"{summary_of(row).undecided:,}"


def score_pill(score: float | None) -> SafeString | str:
    """Return a score with a colour for full, half and less."""
    if score is None:
        return NOTHING
    colour = "pass" if score >= 1 else "late" if score >= _GOOD_ENOUGH else "fail"
    return format_html('<span class="pill pill-{}">{}</span>', colour, score_text(score))


def result_pill(score: float | None) -> SafeString | str:
    """Return a result's score; one that is not decided says so."""
    return score_pill(score) if score is not None else format_html('<span class="pill">{}</span>', "not decided")


def linked(url: str) -> SafeString | str:
    """Return a foreign address as a link if it is a web address that may be contacted, else as text."""
    try:
        parse_url(url)
    except ValueError:
        return visible(url[:2_000]) or NOTHING
    return outside(url)
