"""The page on which an operator writes a round's plan: JSON, validated as a model's plan is; saving begins a new run with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from pydantic import ValidationError

from engine.plan.changes import changes
from engine.plan.predicates import Part
from engine.plan.schema import Plan
from tasks_app.admin.acts import MAY_OPERATE
from tasks_app.admin.console import console
from tasks_app.admin.display import escaped, short, visible
from tasks_app.models import Round
from tasks_app.plans import plan_of
from tasks_app.services.operators import Act, RoundConflictError, refusal, round_plan_edit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

    Problem = tuple[str, str]  # the item that it is about, and what is wrong with it

#: A plan of more characters is not read.
LONGEST = 1_000_000
MOST_PROBLEMS = 50
_WHOLE = "the whole text"


@require_http_methods(["GET", "HEAD", "POST"])
def plan_edit_view(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the plan of the present run (else an empty one) for editing; take it at a POST."""
    if not request.user.has_perm(MAY_OPERATE):
        raise PermissionDenied
    row = Round.objects.defer("request").filter(pk=pk).first()
    if row is None:
        raise Http404
    if request.method == "POST":
        return _taken(request, row)
    return _form(request, row, editable(plan_of(row) or Plan()), ())


def _taken(request: HttpRequest, row: Round) -> HttpResponse:
    """Begin a run with the plan that was sent; where that cannot be, show the text again with the reasons."""
    text, run = request.POST.get("plan", ""), request.POST.get("run", "")
    plan, problems = plan_read(text)
    if plan is None:
        return _form(request, row, text, problems)
    try:
        round_plan_edit(
            round_id=row.pk,
            who=request.user.get_username(),
            run=int(run) if run.isdecimal() and len(run) < 10 else 0,
            plan=plan,
            changed=short(changes(plan_of(row) or Plan(), plan), 1_000),
        )
    except RoundConflictError as refused:
        return _form(request, row, text, [("the round", str(refused))])
    messages.success(request, f"{short(str(row), 80)} is written anew by the edited plan.")
    return HttpResponseRedirect(reverse("admin:tasks_app_round_change", args=[row.pk]))


def _form(request: HttpRequest, row: Round, text: str, problems: Sequence[Problem]) -> HttpResponse:
    context = {
        **console.each_context(request),
        "title": "Edit plan",
        "round": row,
        "name": short(str(row), 80),
        "text": text,
        "problems": [(visible(item), visible(reason)) for item, reason in problems[:MOST_PROBLEMS]],
        "more": max(len(problems) - MOST_PROBLEMS, 0),
        "refused": refusal(row, Act.REGENERATE),
        "brief": visible(row.brief),
        "checks": [visible(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)) for one in row.checks],
        "kinds": list(_kinds()),
    }
    return TemplateResponse(request, "console/plan_edit.html", context)


def plan_read(text: str) -> tuple[Plan | None, Sequence[Problem]]:
    """Return the plan that a text holds; None and each problem where it holds none. An operator is told of what would be left out, too."""
    if len(text) > LONGEST:
        return None, [(_WHOLE, f"is longer than {LONGEST:,} characters")]
    try:
        plan = Plan.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return None, [(_place(one["loc"]), one["msg"]) for one in found]
    except RecursionError:
        return None, [(_WHOLE, "is nested too deeply")]
    unknown = [(place, "is no field of a plan") for place in _unknown(json.loads(text), plan.model_dump(mode="json"))]
    return (None, unknown) if unknown else (plan, ())


def _place(where: Sequence[int | str]) -> str:
    parts = (f"[{one}]" if isinstance(one, int) else f".{one}" for one in where)
    return "".join(parts).removeprefix(".") or _WHOLE


def _unknown(given: object, read: object, *where: int | str) -> Iterator[str]:
    """Yield the places of what stands in a text and is not in the plan that was read out of it."""
    if isinstance(given, dict) and isinstance(read, dict):
        for name, value in given.items():
            if name not in read:
                yield _place((*where, name))
            yield from _unknown(value, read.get(name), *where, name)
    elif isinstance(given, list) and isinstance(read, list):
        for at, (value, of) in enumerate(zip(given, read, strict=False)):
            yield from _unknown(value, of, *where, at)


def editable(plan: Plan) -> str:
    """Return a plan as JSON for a person: all of its parts, and of each only the fields that are not at their default."""
    parts = {name: _lean(getattr(plan, name)) for name in Plan.model_fields}
    return escaped(json.dumps(parts, indent=2, ensure_ascii=False))


def _lean(value: object) -> object:
    if isinstance(value, Part):
        fields = type(value).model_fields
        names = sorted(fields, key=lambda name: name != "kind")  # the kind first: it says what the others are
        given = {name: getattr(value, name) for name in names}
        return {n: _lean(one) for n, one in given.items() if n == "kind" or one != fields[n].get_default()}
    return [_lean(one) for one in value] if isinstance(value, list | tuple) else value


def _kinds() -> Iterator[tuple[str, str, str]]:
    """Yield each kind of predicate: its name, its arguments, what it says."""
    for part in Plan.model_json_schema()["$defs"].values():
        if "kind" in part.get("properties", {}):
            arguments = ", ".join(name for name in part["properties"] if name != "kind")
            yield part["properties"]["kind"]["const"], arguments, part.get("description", "")
