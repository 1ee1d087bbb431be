"""The descriptions of the routes in `/openapi.json`: their answers, with an example of each.

Routes of Django's own views, which answer no JSON, are plain dictionaries at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from engine.inputs.task_request import MAX_BODY
from tasks_app.api import serializers
from tasks_app.api.problems import TITLES
from tasks_app.rehearsal.evaluator import SAMPLES, load_task

if TYPE_CHECKING:
    from rest_framework.serializers import Serializer

_JSON, _PROBLEM = "application/json", "application/problem+json"
_ID = "5f1c2f0e-8a44-4c58-9d0b-2f6f6f1c7a11"
_ACCEPTED = {
    "status": "accepted",
    "id": _ID,
    "status_url": f"https://engine.example/api/rounds/{_ID}",
    "warnings": [],
}
_ROUND = {
    "id": _ID,
    "task": "sum-of-sales",
    "round": 1,
    "state": "completed",
    "step": "notify",
    "created_at": "2026-03-01T12:00:00Z",
    "deadline_at": "2026-03-01T12:10:00Z",
    "finished_at": "2026-03-01T12:01:05Z",
    "repo_url": "https://github.com/owner/sum-of-sales-1a2b3c4d",
    "commit_sha": "9f2c1f0b7a3d4e5f60718293a4b5c6d7e8f90a1b",
    "pages_url": "https://owner.github.io/sum-of-sales-1a2b3c4d/",
    "live": True,
    "degraded": False,
    "late": False,
    "simulated": False,
    "needs_attention": False,
    "error": None,
    "warnings": ["attachment 2 has no url and is not used"],
    "steps": [
        {
            "name": "generate",
            "started_at": "2026-03-01T12:00:00Z",
            "finished_at": "2026-03-01T12:00:40Z",
            "outcome": "done",
            "detail": "3 files",
        }
    ],
    "checks": [{"text": "Repo has MIT license", "kind": "prose", "verdict": "pass", "detail": ""}],
    "taken_down": None,
    "plan": {
        "files": [
            {
                "path": "index.html",
                "source": "write",
                "what": "a page that shows the sum of data.csv in #total",
                "origin": "",
                "sheet": "",
                "predicates": [{"kind": "links", "path": "index.html", "to": ["data.csv"]}],
            }
        ],
        "absent": [],
        "data": [],
        "pages": "branch",
        "checks": [{"number": 1, "predicates": [{"kind": "licence_mit"}], "why_not": ""}],
        "tests": [
            {
                "says": "the total is shown",
                "predicates": [
                    {
                        "kind": "page",
                        "steps": [],
                        "expression": "document.querySelector('#total').textContent === '19.75'",
                    }
                ],
            }
        ],
        "notes": ["the sum is shown with two decimals"],
    },
    "notifications": [{"attempt": 1, "at": "2026-03-01T12:01:04Z", "status_code": 200, "error": None}],
}
_UNFINISHED: dict[str, object] = {
    "state": "waiting",
    "step": "generate",
    "finished_at": None,
    "repo_url": None,
    "commit_sha": None,
    "pages_url": None,
    "live": False,
    "steps": [],
    "checks": [],
    "plan": None,
    "notifications": [],
}
_FAILED = {
    "state": "failed",
    "needs_attention": True,
    "error": {"code": "callback_undelivered", "message": "No 2xx came."},
}
_PARTS = [
    {"name": "settings", "status": "ok", "detail": ""},
    {"name": "workers", "status": "ok", "detail": "1 heard of lately"},
]
_DOWN = {"name": "workers", "status": "down", "detail": "no dispatcher was heard of for 30 s"}


def _answer(shape: type[Serializer[None]], description: str, **examples: object) -> OpenApiResponse:
    """Return an answer with an example for each of its variants, by name."""
    named = [OpenApiExample(name.replace("_", " "), value=value) for name, value in examples.items()]
    return OpenApiResponse(shape, description, named)


def _problem(
    status: int, detail: str, shape: type[Serializer[None]] = serializers.ProblemSerializer, **more: object
) -> OpenApiResponse:
    return _answer(shape, TITLES[status], refused=_refusal(status, detail, **more))


def _refusal(status: int, detail: str, **more: object) -> dict[str, object]:
    return {"type": "about:blank", "title": TITLES[status], "status": status, "detail": detail, **more}


def _tasks() -> list[OpenApiExample]:
    """Return the samples as an evaluator would send them, with a placeholder for the secret."""
    sample_fields = {
        "secret": "the shared secret",
        "nonce": "ab12",
        "evaluation_url": "https://your-evaluator.example/notify",
    }
    samples = {"round 1": "sales", "round 2 of the same task": "sales-2"}
    return [
        OpenApiExample(
            title, value=load_task(SAMPLES / f"{name}.json") | sample_fields, media_type=_JSON, request_only=True
        )
        for title, name in samples.items()
    ]


_BAD_FIELDS = _refusal(
    400,
    "Some fields cannot be used.",
    errors={"round": ["must be a whole number from 1 to 1000."], "evaluation_url": ["is missing."]},
)

handle_task = extend_schema(
    operation_id="handle_task",
    summary="Take a task",
    description=(
        "Answers 200 only after the task is on disk. "
        "The same request again is answered with the same id and runs nothing twice; "
        "if that round had failed, it is taken up again. Refused in this order: 413, 503, 400, 401 or 429, "
        "400, 409, 503 while an operator pauses the intake."
    ),
    tags=["tasks"],
    auth=[],
    request={_JSON: serializers.TaskSerializer},
    examples=_tasks(),
    parameters=[
        OpenApiParameter(
            "Retry-After", int, OpenApiParameter.HEADER, response=[429], description="Seconds to wait.", required=True
        )
    ],
    responses={
        (200, _JSON): _answer(
            serializers.AcceptedSerializer,
            "The task is on disk.",
            accepted=_ACCEPTED,
            replayed=_ACCEPTED | {"replayed": True},
            revived=_ACCEPTED | {"replayed": True, "revived": True},
        ),
        (400, _PROBLEM): _answer(
            serializers.UnusableSerializer,
            TITLES[400],
            fields=_BAD_FIELDS,
            not_JSON=_refusal(400, "The body is not JSON: Expecting value: line 1 column 1 (char 0)."),
        ),
        (401, _PROBLEM): _problem(401, "The field `secret` does not hold this service's secret."),
        (409, _PROBLEM): _problem(409, "Another nonce makes it a new round.", serializers.ConflictSerializer, id=_ID),
        (413, _PROBLEM): _problem(413, f"A request may have {MAX_BODY} bytes."),
        (429, _PROBLEM): _problem(429, "Try again in 42 seconds."),
        (503, _PROBLEM): _problem(
            503,
            "SECRET is not set: no request can be checked.",
            serializers.NotReadySerializer,
            missing=["SECRET is not set: no request can be checked."],
        ),
    },
)

round_status = extend_schema(
    operation_id="round_status",
    summary="Look at a round",
    description="Nothing in it is secret; only who knows the id finds it.",
    tags=["tasks"],
    auth=[],
    responses={
        (200, _JSON): _answer(
            serializers.RoundSerializer,
            "Where the round stands.",
            completed=_ROUND,
            waiting=_ROUND | _UNFINISHED,
            failed=_ROUND | _FAILED,
        ),
        (404, _PROBLEM): _problem(404, "There is no round with this id."),
    },
)

healthz = extend_schema(
    operation_id="healthz",
    summary="Is this process alive?",
    tags=["operation"],
    auth=[],
    responses={(200, _JSON): _answer(serializers.HealthSerializer, "It is.", alive={"status": "ok"})},
)

readyz = extend_schema(
    operation_id="readyz",
    summary="Is every part able to work?",
    description="A missing browser, an open breaker and a pause are warnings.",
    tags=["operation"],
    auth=[],
    responses={
        (200, _JSON): _answer(
            serializers.ReadinessSerializer, "No part is down.", ready={"status": "ready", "parts": _PARTS}
        ),
        (503, _JSON): _answer(
            serializers.ReadinessSerializer,
            "A part is down.",
            not_ready={"status": "not ready", "parts": [*_PARTS[:1], _DOWN]},
        ),
    },
)


def _other(description: str, media_type: str, example: str) -> dict[str, object]:
    """Return an answer that is no JSON object."""
    content = {"schema": {"type": "string"}, "examples": {"Example": {"value": example}}}
    return {"description": description, "content": {media_type: content}}


def _problem_part(status: int, detail: str) -> dict[str, object]:
    content = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "examples": {"Refused": {"value": _refusal(status, detail)}},
    }
    return {"description": TITLES[status], "content": {_PROBLEM: content}}


_PAGE = "<!doctype html>…"
_NO_EVIDENCE = _problem_part(404, "Nothing lives at /evidence/0.")
_TOKEN = {"name": "token", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}
_PICTURE = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1, "maximum": 8}}

#: Routes of Django's own views.
_PAGES: dict[str, dict[str, object]] = {
    "/": {
        "operationId": "landing",
        "summary": "What this is, and whether it is ready",
        "tags": ["pages"],
        "responses": {"200": _other("The page.", "text/html", _PAGE)},
    },
    "/docs": {
        "operationId": "docs",
        "summary": "This description, with forms to try it out",
        "tags": ["pages"],
        "responses": {"200": _other("The page.", "text/html", _PAGE)},
    },
    "/evidence/{token}": {
        "operationId": "evidence",
        "summary": "What one commit is and how it was checked",
        "description": "Public for whoever has the address.",
        "tags": ["pages"],
        "parameters": [_TOKEN],
        "responses": {"200": _other("The page.", "text/html", _PAGE), "404": _NO_EVIDENCE},
    },
    "/evidence/{token}/{number}.jpg": {
        "operationId": "evidence_picture",
        "summary": "A picture of that page",
        "tags": ["pages"],
        "parameters": [_TOKEN, _PICTURE],
        "responses": {"200": _other("A JPEG.", "image/jpeg", "…"), "404": _NO_EVIDENCE},
    },
    "/metrics": {
        "operationId": "metrics",
        "summary": "Gauges for Prometheus",
        "description": "404 while the service has no `METRICS_TOKEN`.",
        "tags": ["operation"],
        "security": [{"metricsToken": []}],
        "responses": {
            "200": _other("Prometheus' text format.", "text/plain", "engine_ready 1.0\n"),
            "401": _problem_part(401, "The header must be 'Authorization: Bearer' and METRICS_TOKEN."),
            "404": _problem_part(404, "Nothing lives at /metrics."),
            "503": _problem_part(503, "The database cannot be read: OperationalError."),
        },
    },
}


def with_pages(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Add to the description what drf-spectacular cannot find: Django's own views, and that a task leads to a round."""
    result["paths"] |= {path: {"get": operation} for path, operation in _PAGES.items()}
    result["components"]["securitySchemes"] = {"metricsToken": {"type": "http", "scheme": "bearer"}}
    result["paths"]["/handle_task"]["post"]["responses"]["200"]["links"] = {
        "status": {
            "operationId": "round_status",
            "parameters": {"round_id": "$response.body#/id"},
            "description": "How far that round is.",
        }
    }
    return result
