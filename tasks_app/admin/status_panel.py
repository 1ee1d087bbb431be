"""A round's status panel: the part of its page that changes while the round is active, refreshed at its own address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from engine.domain.lifecycle import ACTIVE
from tasks_app.admin.actions import MAY_OPERATE, buttons
from tasks_app.admin.check_matrix import matrix
from tasks_app.admin.columns import HEAVY, clock, flags, links_with, step_and_state
from tasks_app.admin.round_tables import report_of
from tasks_app.admin.waterfall import WIDTH, waterfall
from tasks_app.models import Round
from tasks_app.reports.display import visible

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

#: The most characters of the headline, which may quote foreign text.
LONGEST_HEADLINE = 2000


def status_panel(row: Round, request: HttpRequest) -> dict[str, object]:
    report = report_of(row)
    return {
        "round": row,
        "headline": visible(report.headline)[:LONGEST_HEADLINE],
        "moving": row.state in ACTIVE,
        "state": step_and_state(row),
        "clock": clock(row),
        "flags": flags(row),
        "links": links_with(row, report.evidence_url),
        "buttons": buttons(row) if request.user.has_perm(MAY_OPERATE) else [],
        "takedown": "Put the page back" if report.takedown else "Take the page down" if row.published_at else "",
        "runs": waterfall(report),
        "width": WIDTH,
        "matrix": matrix(report),
        "fragment": reverse("admin:tasks_app_round_status_panel", args=[row.pk]),
    }


@require_safe
def status_panel_view(request: HttpRequest, pk: UUID) -> HttpResponse:
    if not request.user.has_perm("tasks_app.view_round"):
        raise PermissionDenied
    row = Round.objects.defer(*HEAVY["Round"]).filter(pk=pk).first()
    if row is None:
        raise Http404
    answer = render(request, "console/status_panel.html", status_panel(row, request))
    answer.headers["Cache-Control"] = "no-store"
    return answer
