"""The console's views for operators' actions: each is a POST by a permitted user and answers with its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from tasks_app.models import Round
from tasks_app.operations.breakers import PAUSES, breaker_close, pause, resume
from tasks_app.reports.display import pill, row_link, short
from tasks_app.rounds.operator_actions import (
    Action,
    RoundConflictError,
    refusal,
    round_cancel,
    round_notify_again,
    round_regenerate,
    round_retry,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.contrib.admin import ModelAdmin
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

SERVICES: dict[Action, Callable[..., None]] = {
    Action.RETRY: round_retry,
    Action.REGENERATE: round_regenerate,
    Action.NOTIFY_AGAIN: round_notify_again,
    Action.CANCEL: round_cancel,
}
NAMES = {
    Action.RETRY: "Retry",
    Action.REGENERATE: "Regenerate",
    Action.NOTIFY_AGAIN: "Notify again",
    Action.CANCEL: "Cancel",
}
DONE = {
    Action.RETRY: "goes on with a fresh deadline",
    Action.REGENERATE: "is written anew",
    Action.NOTIFY_AGAIN: "is told to the evaluator again",
    Action.CANCEL: "is cancelled",
}

#: The most rounds of one bulk action: as many as an operator can oversee.
MOST_AT_ONCE = 200
MAY_OPERATE = "tasks_app.operate_round"


@dataclass(frozen=True, slots=True)
class Button:
    """A button on a round's page; `reason` says why it is disabled, "" if it is enabled."""

    act: Action
    name: str
    address: str
    reason: str


def round_for_operator(request: HttpRequest, pk: UUID) -> Round:
    """Return a round for a page on which an operator acts. Raises PermissionDenied, Http404."""
    if not request.user.has_perm(MAY_OPERATE):
        raise PermissionDenied
    row = Round.objects.defer("request").filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def buttons(row: Round) -> list[Button]:
    """Return a button for each action on a round."""
    return [Button(act, NAMES[act], action_address(row, act), refusal(row, act)) for act in Action]


def action_address(row: Round, act: Action) -> str:
    """Return the address to which an action on one round is posted."""
    return reverse("admin:tasks_app_round_act", args=[row.pk, act.value])


@require_POST
def action_on_one(request: HttpRequest, pk: UUID, act: str) -> HttpResponse:
    """Act on one round and redirect to the page with the button."""
    _act(request, [pk], _action_of(act))
    return _back(request)


@require_POST
def action_on_many(request: HttpRequest, act: str) -> HttpResponse:
    try:
        chosen = [UUID(text) for text in request.POST.getlist("round")[:MOST_AT_ONCE]]
    except ValueError:
        raise Http404 from None
    _act(request, chosen, _action_of(act))
    return HttpResponseRedirect(reverse("admin:tasks_app_round_changelist"))


@require_POST
def close_breaker(request: HttpRequest, kind: str) -> HttpResponse:
    """Close a breaker, so that the rounds that waited for it continue."""
    if not request.user.has_perm(MAY_OPERATE):
        raise PermissionDenied
    if breaker_close(kind=kind, who=request.user.get_username()):
        messages.success(request, f"The {kind}'s breaker is closed: rounds that waited for it go on.")
    else:
        messages.warning(request, "That breaker was closed already.")
    return _back(request)


@require_POST
def switch_pause(request: HttpRequest, kind: str, what: str) -> HttpResponse:
    """Pause the intake, publishing or model calls, or end that pause."""
    if not request.user.has_perm(MAY_OPERATE):
        raise PermissionDenied
    if kind not in PAUSES or what not in {"pause", "resume"}:
        raise Http404
    who, name = request.user.get_username(), PAUSES[kind].name
    if what == "pause":
        changed, done = pause(kind=kind, who=who, reason=request.POST.get("reason", "")), "is paused"
    else:
        changed, done = resume(kind=kind, who=who), "goes on"
    if changed:
        messages.success(request, f"{name} {done}.")
    else:
        messages.warning(request, f"{name}: somebody was faster. It {done} already.")
    return _back(request)


def _action_of(act: str) -> Action:
    if act not in list(Action):
        raise Http404
    return Action(act)


def _act(request: HttpRequest, chosen: Sequence[UUID], act: Action) -> None:
    if not request.user.has_perm(MAY_OPERATE):
        raise PermissionDenied
    for row in Round.objects.filter(pk__in=chosen).only("task_name", "number"):
        name = short(str(row), 80)
        try:
            SERVICES[act](round_id=row.pk, who=request.user.get_username())
        except RoundConflictError as refused:
            messages.error(request, f"{NAMES[act]} refused for {name}. {refused}")
        else:
            messages.success(request, f"{name} {DONE[act]}.")


def _back(request: HttpRequest) -> HttpResponse:
    """Redirect to the page of ours from which the form was posted."""
    origin = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(origin, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(origin)
    return HttpResponseRedirect(reverse("admin:index"))


def bulk(act: Action) -> Callable[..., HttpResponse | None]:
    """Return the list's bulk action: it shows a confirmation page with the expected results and changes nothing."""

    @admin.action(description=f"{NAMES[act]} chosen rounds", permissions=["operate"])
    def ask(model_admin: ModelAdmin[Round], request: HttpRequest, queryset: QuerySet[Round]) -> HttpResponse | None:
        rows = list(
            queryset.select_related(None).only("task_name", "number", "email", "state", "step", "needs_attention")[
                : MOST_AT_ONCE + 1
            ]
        )
        if len(rows) > MOST_AT_ONCE:
            messages.error(request, f"At most {MOST_AT_ONCE} rounds at once: narrow the list with search and filters.")
            return None
        answers = [(row, refusal(row, act)) for row in rows]
        context = {
            **model_admin.admin_site.each_context(request),
            "title": f"{NAMES[act]}?",
            "name": NAMES[act],
            "address": reverse("admin:tasks_app_round_act_on_many", args=[act.value]),
            "willing": [(row, row_link(row), pill(row.state)) for row, reason in answers if not reason],
            "refused": [(row_link(row), reason) for row, reason in answers if reason],
            "opts": model_admin.opts,
            "media": model_admin.media,
        }
        return TemplateResponse(request, "console/confirm.html", context)

    ask.__name__ = f"{act.value}_chosen"
    return ask
