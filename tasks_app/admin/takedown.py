"""The page on which an operator takes a published page down, or puts it back: it says what will happen first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engine.domain.repository import Reach
from tasks_app.admin.actions import round_for_operator
from tasks_app.admin.console import console
from tasks_app.operations.events import LONGEST_REASON
from tasks_app.operations.takedowns import (
    NOT_DOWN,
    NOT_PUBLISHED,
    WORDS,
    TakedownRefusedError,
    takedown_ask,
    takedown_of,
    takedown_sentence,
    takedown_undo,
)
from tasks_app.reports.display import short, visible
from tasks_app.rounds.liveness_watches import PUT_BACK

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

    from tasks_app.models import Round

#: What each choice says on the page.
_CHOICES = {
    Reach.PAGES: "Leave the repository as it is: public, and its files can be read.",
    Reach.PRIVATE: "Make the repository private too: nobody else can read or clone it.",
    Reach.ARCHIVE: "Archive the repository too: it can be read, and nobody can change it.",
}


@require_http_methods(["GET", "HEAD", "POST"])
def takedown_view(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask before the page is taken down or put back; a POST asks for it."""
    row = round_for_operator(request, pk)
    if request.method == "POST":
        return _done(request, row)
    takedown = takedown_of(row)
    of = takedown or row
    context = {
        **console.each_context(request),
        "title": "Put the page back?" if takedown else "Take the page down?",
        "round": row,
        "name": short(str(row), 80),
        "page": visible(of.pages_url),
        "repository": visible(of.repo_url),
        "refused": "" if row.published_at or takedown else NOT_PUBLISHED,
        "takedown": visible(takedown_sentence(takedown)) if takedown else "",
        "by": visible(takedown.asked_by) if takedown else "",
        "may_retry": takedown is not None and takedown.down_at is None and takedown.undo_at is None,
        "put_back": PUT_BACK,
        "github": settings.FORGE == "github",
        "choices": [(reach.value, text, reach is Reach.PAGES) for reach, text in _CHOICES.items()],
        "longest_reason": LONGEST_REASON,
    }
    return TemplateResponse(request, "console/takedown.html", context)


def _done(request: HttpRequest, row: Round) -> HttpResponse:
    try:
        messages.success(request, _asked(request, row))
    except TakedownRefusedError as refused:
        messages.error(request, str(refused))
    return HttpResponseRedirect(reverse("admin:tasks_app_round_change", args=[row.pk]))


def _asked(request: HttpRequest, row: Round) -> str:
    """Ask for what was posted, and return what happens now. The button that tries again names no reach."""
    who, reach = request.user.get_username(), request.POST.get("reach")
    if "undo" in request.POST:
        takedown_undo(round_id=row.pk, who=who)
        return f"The page is being put back. A worker does it. {PUT_BACK}"
    if "again" in request.POST:
        if takedown_of(row) is None:
            raise TakedownRefusedError(NOT_DOWN)
        takedown = takedown_ask(round_id=row.pk, who=who)
    elif reach in list(Reach):
        reason = request.POST.get("reason", "")
        takedown = takedown_ask(round_id=row.pk, who=who, reach=Reach(reach), reason=reason)
    else:
        raise Http404
    what = WORDS[Reach(takedown.reach)]
    if takedown.down_at:
        return f"The page is down already ({what})."
    return f"The page is being taken down ({what}). A worker does it in a moment."
