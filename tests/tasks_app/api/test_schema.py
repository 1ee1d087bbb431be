"""The API's description: the committed file is up to date, and the service's answers match it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from engine.plan.schema import RequestPlan
from tasks_app.models import Attempt, CheckResult, NotificationAttempt, StepRun
from tasks_app.operations.workers import worker_beat
from tests.factories import make_payload, make_round, with_plan
from tests.posting import PROBLEM, post

if TYPE_CHECKING:
    from django.http import HttpResponse
    from pytest_django.fixtures import SettingsWrapper

COMMITTED = Path(__file__).resolve().parents[3] / "docs/openapi.json"
SCHEMA = json.loads(COMMITTED.read_text())
SHA = "9f2c1f0b7a3d4e5f60718293a4b5c6d7e8f90a1b"


def closed(schema: dict[str, object]) -> dict[str, object]:
    """Return the components with every answer closed: a field that is not described is found, too."""
    return {
        name: part | ({"additionalProperties": False} if part.get("type") == "object" and name != "Task" else {})
        for name, part in schema["components"]["schemas"].items()
    }


def check(value: object, schema: dict[str, object]) -> None:
    """Raise ValidationError where a value is not as a schema with references to components says."""
    whole = {"components": {"schemas": closed(SCHEMA)}, **schema}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


def operation(path: str, method: str = "get") -> dict[str, object]:
    return SCHEMA["paths"][path][method]


def is_described(response: HttpResponse, path: str, method: str = "get") -> dict[str, object]:
    """Return an answer's JSON after comparing status, media type and every field with the description."""
    content = operation(path, method)["responses"][str(response.status_code)]["content"]
    (media_type,) = content
    assert response["Content-Type"] == media_type
    check(response.json(), content[media_type]["schema"])
    return response.json()


def examples() -> list[tuple[str, dict[str, object], object]]:
    found = []
    for path, methods in SCHEMA["paths"].items():
        for entry in methods.values():
            bodies = [("request", entry["requestBody"])] if "requestBody" in entry else []
            for where, body in [*bodies, *entry["responses"].items()]:
                for content in body["content"].values():
                    found += [
                        (f"{path} {where} {name}", content["schema"], example["value"])
                        for name, example in content["examples"].items()
                    ]
    return found


EXAMPLES = examples()


def test_the_committed_description_is_the_present_one() -> None:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=out)
    assert json.loads(out.getvalue()) == SCHEMA, "make schema"


def test_it_is_served_to_anyone_whatever_they_accept_and_says_nothing_of_this_machine() -> None:
    for accept in ("*/*", "text/html", "application/yaml"):
        answer = Client().get("/openapi.json", headers={"accept": accept})
        assert answer["Content-Type"] == "application/json"
        assert answer.json() == SCHEMA
    assert "localhost" not in COMMITTED.read_text()


def test_it_describes_every_route_of_the_api() -> None:
    for_machines = {"/handle_task", "/api/rounds/{round_id}", "/healthz", "/readyz", "/metrics"}
    for_people = {"/", "/docs", "/evidence/{token}", "/evidence/{token}/{number}.jpg"}
    assert set(SCHEMA["paths"]) == for_machines | for_people
    answers = operation("/handle_task", "post")["responses"]
    assert list(answers) == ["200", "400", "401", "409", "413", "429", "503"]
    assert answers["429"]["headers"]["Retry-After"]["required"]


@pytest.mark.parametrize(("schema", "value"), [e[1:] for e in EXAMPLES], ids=[e[0] for e in EXAMPLES])
def test_every_example_is_as_the_schema_says(schema: dict[str, object], value: object) -> None:
    check(value, schema)


def test_every_answer_has_an_example() -> None:
    named = {name.rsplit(" ", 1)[0] for name, _, _ in EXAMPLES}
    for path, methods in SCHEMA["paths"].items():
        for entry in methods.values():
            assert {f"{path} {status}" for status in entry["responses"]} <= named
    kinds = {
        name.rsplit(" ", 1)[1] for name, _, _ in EXAMPLES if name.startswith(("/handle_task 200", "/handle_task 400"))
    }
    assert kinds == {"Accepted", "Replayed", "Revived", "Fields", "NotJSON"}


def test_the_examples_of_a_task_are_accepted(db: None, settings: SettingsWrapper) -> None:
    for name, _, value in EXAMPLES:
        if "request" in name:
            answer = is_described(post(value | {"secret": settings.SECRET}), "/handle_task", "post")
            assert answer["warnings"] == []


@pytest.mark.django_db
def test_every_way_of_being_accepted_is_described() -> None:
    assert "replayed" not in is_described(post(make_payload()), "/handle_task", "post")
    assert is_described(post(make_payload()), "/handle_task", "post")["replayed"] is True
    row = make_round(nonce="r", state="failed", next_at=None, finished_at="2026-03-01T12:00:00Z", error_code="x")
    assert is_described(post(make_payload(nonce="r")), "/handle_task", "post")["revived"] is True
    row.refresh_from_db()
    assert row.state == "queued"


@pytest.mark.django_db
@pytest.mark.usefixtures("_fresh_cache")
def test_every_refusal_is_described(settings: SettingsWrapper) -> None:
    post(make_payload())
    settings.THROTTLE_PER_MINUTE = 1
    cases = {
        b"{": 400,
        json.dumps(make_payload(round=0, evaluation_url=None)).encode(): 400,
        json.dumps(make_payload(brief="another")).encode(): 409,
        b" " * 16_000_001: 413,
    }
    for body, status in cases.items():
        response = post(body)
        assert response.status_code == status
        is_described(response, "/handle_task", "post")
    assert is_described(post(make_payload(secret="wrong")), "/handle_task", "post")["status"] == 401
    response = post(make_payload(secret="wrong"))
    assert is_described(response, "/handle_task", "post")["status"] == 429
    assert int(response["Retry-After"]) > 0
    settings.MISSING = ["SECRET is not set."]
    assert is_described(post(make_payload()), "/handle_task", "post")["missing"] == ["SECRET is not set."]


@pytest.mark.django_db
def test_every_field_of_a_rounds_status_is_described() -> None:
    row = make_round()
    is_described(Client().get(f"/api/rounds/{row.pk}"), "/api/rounds/{round_id}")
    at = row.created_at
    StepRun.objects.create(round=row, run=1, step="generate", started_at=at, detail="d")
    StepRun.objects.create(round=row, run=1, step="verify", started_at=at, ended_at=at, outcome="done")
    attempt = Attempt.objects.create(round=row, run=1, kind="generate", started_at=at)
    CheckResult.objects.create(attempt=attempt, target="local", position=1, kind="js", text="t", verdict="not_run")
    common = {"round": row, "run": 1, "url": row.evaluation_url, "body": b"{}", "started_at": at}
    NotificationAttempt.objects.create(number=1, error="no connection", **common)
    NotificationAttempt.objects.create(number=2, status_code=503, **common)
    full = {"state": "failed", "next_at": None, "finished_at": at, "error_code": "c", "error_message": "m"}
    full |= {"repo_url": "https://forge.example/o/r", "pages_url": "https://o.example/r/", "commit_sha": SHA}
    type(row).objects.filter(pk=row.pk).update(**full)
    with_plan(row)
    answer = is_described(Client().get(f"/api/rounds/{row.pk}"), "/api/rounds/{round_id}")
    assert all(answer[part] for part in ("steps", "checks", "plan", "notifications", "error", "commit_sha"))
    assert all(answer["plan"].values())
    unknown = Client().get("/api/rounds/00000000-0000-4000-8000-000000000000")
    assert is_described(unknown, "/api/rounds/{round_id}")["status"] == 404
    assert Client().get("/api/rounds/nonsense")["Content-Type"] == PROBLEM


@pytest.mark.django_db
def test_health_and_readiness_are_described() -> None:
    is_described(Client().get("/healthz", headers={"accept": "text/html"}), "/healthz")
    down = Client().get("/readyz")
    assert (down.status_code, is_described(down, "/readyz")["status"]) == (503, "not ready")
    worker_beat(worker="test:1")
    up = Client().get("/readyz")
    assert (up.status_code, is_described(up, "/readyz")["status"]) == (200, "ready")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("over", "status"),
    [
        ({"round": "007"}, 200),
        ({"round": " 12.0 "}, 200),
        ({"round": 1000}, 200),
        ({"checks": None, "attachments": "none"}, 200),
        ({"checks": [1, {"js": 2}, {"other": ""}]}, 200),
        ({"extra": {"a": [1]}, "brief": " x "}, 200),
        ({"brief": " \n"}, 400),
        ({"task": ""}, 400),
        ({"evaluation_url": "HTTPS://evaluator.example/"}, 200),
        ({"evaluation_url": "http://a.b.c.d.example.:65535?q=/@#x"}, 200),
        ({"evaluation_url": "http://"}, 400),
        ({"evaluation_url": "http://evaluator.example:65536/"}, 400),
        ({"evaluation_url": "http://evaluator.example:0/"}, 400),
        ({"evaluation_url": "http://user@evaluator.example/"}, 400),
        ({"evaluation_url": "http://-a.example/"}, 400),
        ({"evaluation_url": "http://evaluator.example/a b"}, 400),
        ({"evaluation_url": f"http://{'a.' * 127}a/"}, 400),
        ({"evaluation_url": f"http://evaluator.example/{'a' * 8_000}"}, 400),
        ({"round": 0}, 400),
        ({"round": "1001"}, 400),
        ({"round": True}, 400),
        ({"round": 1.5}, 400),
        ({"email": None}, 400),
        ({"nonce": "a\x00"}, 400),
        ({"brief": ["text"]}, 400),
        ({"evaluation_url": "ftp://evaluator.example/"}, 400),
        ({"evaluation_url": "//evaluator.example/"}, 400),
    ],
    ids=str,
)
def test_what_the_description_forbids_is_refused_and_what_it_allows_is_taken(
    over: dict[str, object], status: int
) -> None:
    payload = make_payload(**over)
    assert post(payload).status_code == status
    allowed = True
    try:
        check(payload, operation("/handle_task", "post")["requestBody"]["content"]["application/json"]["schema"])
    except ValidationError:
        allowed = False
    assert allowed == (status == 200)


def test_the_plan_of_the_examples_is_one() -> None:
    plans = [value["plan"] for name, _, value in EXAMPLES if name.startswith("/api/rounds") and value.get("plan")]
    assert plans
    assert all(RequestPlan.model_validate(plan).model_dump(mode="json").keys() == plan.keys() for plan in plans)


def test_a_field_that_is_not_described_would_be_found() -> None:
    with pytest.raises(ValidationError):
        check({"status": "ok", "more": 1}, {"$ref": "#/components/schemas/Health"})


def test_the_page_has_a_policy_that_allows_nothing_inline_and_no_foreign_host() -> None:
    answer = Client().get("/docs")
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert Client().post("/docs").status_code == 405


def test_the_landing_page_leads_to_the_docs(db: None, settings: SettingsWrapper) -> None:
    assert f'href="{settings.PUBLIC_URL}/docs"' in Client().get("/").content.decode()
