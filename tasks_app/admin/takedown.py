"""The page on which an operator takes a published page down, or puts it back: it says what will happen first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engine.domain.repository import Reach
from tasks_app.admin.actions import MAY_OPERATE
from tasks_app.admin.console import console
from tasks_app.models import Round
from tasks_app.operations.takedowns import (
    LONGEST_REASON,
    NOT_PUBLISHED,
    WORDS,
    TakedownRefusedError,
    takedown_ask,
    takedown_of,
    takedown_sentence,
    takedown_undo,
)
from tasks_app.reports.display import short, visible

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

#: What each choice says on the page.
_CHOICES = {
    Reach.PAGES: "Leave the repository as it is: public, and its files can be read.",
    Reach.PRIVATE: "Make the repository private too: nobody else can read or clone it.",
    Reach.ARCHIVE: "Archive the repository too: it can be read, and nobody can change it.",
}


@require_http_methods(["GET", "HEAD", "POST"])
def takedown_view(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask before the page is taken down or put back; a POST asks for it."""
    if not request.user.has_perm(MAY_OPERATE):
        raise PermissionDenied
    row = Round.objects.defer("request").filter(pk=pk).first()
    if row is None:
        raise Http404
    if request.method == "POST":
        return _done(request, row)
    standing = takedown_of(row)
    context = {
        **console.each_context(request),
        "title": "Put the page back?" if standing else "Take the page down?",
        "round": row,
        "name": short(str(row), 80),
        "page": visible(row.pages_url),
        "repository": visible(row.repo_url),
        "refused": "" if row.published_at or standing else NOT_PUBLISHED,
        "standing": visible(takedown_sentence(standing)) if standing else "",
        "by": visible(standing.asked_by) if standing else "",
        "settled": standing is not None and standing.next_at is None,
        "github": settings.FORGE == "github",
        "choices": [(reach.value, text, reach is Reach.PAGES) for reach, text in _CHOICES.items()],
        "longest_reason": LONGEST_REASON,
    }
    return TemplateResponse(request, "console/takedown.html", context)


def _done(request: HttpRequest, row: Round) -> HttpResponse:
    who, reach = request.user.get_username(), request.POST.get("reach", Reach.PAGES)
    try:
        if "undo" in request.POST:
            takedown_undo(round_id=row.pk, who=who)
            messages.success(request, "The page is being put back. A worker does it, and looks until it is live.")
        elif reach in list(Reach):
            asked = takedown_ask(
                round_id=row.pk, who=who, reach=Reach(reach), reason=request.POST.get("reason", "")
            )  # fmt: skip
            what = WORDS[Reach(asked.reach)]
            messages.success(request, f"The page is being taken down ({what}). A worker does it in a moment.")
        else:
            raise Http404
    except TakedownRefusedError as refused:
        messages.error(request, str(refused))
    return HttpResponseRedirect(reverse("admin:tasks_app_round_change", args=[row.pk]))
