"""The page on which an operator edits a round's plan as JSON. Saving it starts a new run with that plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from pydantic import ValidationError

from engine.plan.predicates import PlanPart
from engine.plan.reading import read_object
from engine.plan.schema import FileSource, RequestPlan
from engine.steps.planning import request_of
from tasks_app.admin.actions import round_for_operator
from tasks_app.admin.console import console
from tasks_app.admin.plan_changes import changes
from tasks_app.queries.briefs import brief_of
from tasks_app.queries.plans import plan_of, present_paths
from tasks_app.reports.display import escaped, short, visible
from tasks_app.rounds.operator_actions import Action, RoundConflictError, refusal, round_plan_edit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

    from engine.plan.allowed import PlanRequest
    from tasks_app.models import Round

    Problem = tuple[str, str]  # the item, and what is wrong with it

#: The most characters of a plan.
LONGEST = 1_000_000
MOST_PROBLEMS = 50
WHOLE = "the text"


@require_http_methods(["GET", "HEAD", "POST"])
def plan_edit_view(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the current run's plan, or an empty one, for editing; a POST saves it."""
    row = round_for_operator(request, pk)
    if request.method == "POST":
        return _start_run(request, row)
    return _form(request, row, editable(plan_of(row) or RequestPlan()), ())


def _start_run(request: HttpRequest, row: Round) -> HttpResponse:
    """Start a run with the posted plan. If that is not possible, show the text again with the problems."""
    text, run = request.POST.get("plan", ""), request.POST.get("run", "")
    before = plan_of(row) or RequestPlan()
    plan, problems = plan_read(text, _request(row, before))
    if plan is None:
        return _form(request, row, text, problems)
    try:
        round_plan_edit(
            round_id=row.pk,
            who=request.user.get_username(),
            run=int(run) if run.isdecimal() and len(run) < 10 else 0,
            plan=plan,
            changed=short(changes(before, plan), 1_000),
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
        "refused": refusal(row, Action.REGENERATE),
        "brief": visible(row.brief),
        "checks": [visible(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)) for one in row.checks],
        "kinds": list(_kinds()),
    }
    return TemplateResponse(request, "console/plan_edit.html", context)


def plan_read(text: str, request: PlanRequest) -> tuple[RequestPlan | None, list[Problem]]:
    """Return the plan in a text, or None and all problems. What is dropped from a model's plan is a problem here."""
    if len(text) > LONGEST:
        return None, [(WHOLE, f"It is longer than {LONGEST:,} characters.")]
    try:
        value = json.loads(text)
        if problems := list(_schema_problems(value)):
            return None, problems
        reading = read_object(value, request)
    except json.JSONDecodeError as error:
        return None, [(WHOLE, f"It is not JSON: {error}.")]
    except RecursionError:
        return None, [(WHOLE, "It is nested too deeply.")]
    problems = [*((WHOLE, one) for one in reading.errors), *((one.item, f"{one.reason}.") for one in reading.refused)]
    return (None, problems) if problems else (reading.plan, [])


def _schema_problems(value: object) -> Iterator[Problem]:
    """Yield the differences from a plan's schema, unknown fields included."""
    try:
        plan = RequestPlan.model_validate(value)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False, include_input=False):
            parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in one["loc"])
            yield "".join(parts).removeprefix(".") or WHOLE, f"{one['msg']}."
    else:
        yield from ((place, "A plan has no such field.") for place in _unknown(value, plan.model_dump()))


def _request(row: Round, plan: RequestPlan) -> PlanRequest:
    """Return what a plan is checked against. Files that the present plan changes count as present."""
    changed = {file.origin or file.path for file in plan.files if file.source is FileSource.CHANGED}
    return request_of(brief_of(row), {*present_paths(row), *changed}, allow_private=settings.ALLOW_PRIVATE_URLS)


def _unknown(text_value: object, plan_value: object, where: str = "") -> Iterator[str]:
    """Yield the places of the fields in a text that are not in the plan parsed from it."""
    if isinstance(text_value, dict) and isinstance(plan_value, dict):
        for name, value in text_value.items():
            place = f"{where}.{name}".removeprefix(".")
            if name not in plan_value:
                yield place
            yield from _unknown(value, plan_value.get(name), place)
    elif isinstance(text_value, list) and isinstance(plan_value, list | tuple):
        for at, (value, of) in enumerate(zip(text_value, plan_value, strict=False)):
            yield from _unknown(value, of, f"{where}[{at}]")


def editable(plan: RequestPlan) -> str:
    """Return a plan as JSON for an operator, without fields that have their default."""
    parts = {name: _without_defaults(getattr(plan, name)) for name in RequestPlan.model_fields}
    return escaped(json.dumps(parts, indent=2, ensure_ascii=False))


def _without_defaults(value: object) -> object:
    if isinstance(value, PlanPart):
        fields = type(value).model_fields
        names = sorted(fields, key=lambda name: name != "kind")  # `kind` first: the other fields depend on it
        field_values = {name: getattr(value, name) for name in names}
        return {
            n: _without_defaults(one)
            for n, one in field_values.items()
            if n == "kind" or one != fields[n].get_default()
        }
    return [_without_defaults(one) for one in value] if isinstance(value, list | tuple) else value


def _kinds() -> Iterator[tuple[str, str, str]]:
    """Yield each kind of predicate: its name, its arguments, its description."""
    for part in RequestPlan.model_json_schema()["$defs"].values():
        if "kind" in part.get("properties", {}):
            arguments = ", ".join(name for name in part["properties"] if name != "kind")
            yield part["properties"]["kind"]["const"], arguments, part.get("description", "")
