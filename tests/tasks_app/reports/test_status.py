from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from engine.plan.schema import RequestPlan
from tasks_app.models import Attempt, CheckResult, NotificationAttempt, Round, StepRun
from tasks_app.models import Plan as PlanRow
from tests.factories import PLAN, SECRET, make_round, with_plan

pytestmark = pytest.mark.django_db

KEYS = {"id", "task", "round", "state", "step", "created_at", "deadline_at", "finished_at", "repo_url", "commit_sha"}
KEYS |= {
    "pages_url",
    "live",
    "degraded",
    "late",
    "simulated",
    "needs_attention",
    "error",
    "warnings",
    "steps",
    "checks",
}
KEYS |= {"plan", "notifications", "taken_down"}
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def status(row: Round) -> dict[str, object]:
    response = Client().get(f"/api/rounds/{row.pk}", HTTP_ACCEPT="text/html")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert SECRET not in response.content.decode()
    return response.json()


def attempt(row: Round, *results: tuple[str, str, str]) -> Attempt:
    made = Attempt.objects.create(round=row, run=1, kind="generate", started_at=AT, messages=[{"content": "prompt"}])
    for position, (target, text, verdict) in enumerate(results, 1):
        place = int(text[-1]) if text[-1].isdigit() else position
        CheckResult.objects.create(
            attempt=made, target=target, position=place, kind="prose", text=text, verdict=verdict, detail="why"
        )
    return made


def test_a_new_round_has_the_contracts_keys_and_nothing_to_show_yet() -> None:
    row = make_round(task="sum", round=1)
    answer = status(row)
    assert set(answer) == KEYS
    assert (answer["id"], answer["task"], answer["round"]) == (str(row.pk), "sum", 1)
    assert (answer["state"], answer["step"]) == ("queued", "generate")
    empty = ("finished_at", "repo_url", "commit_sha", "pages_url", "plan", "error", "taken_down")
    assert [answer[name] for name in empty] == [None] * len(empty)
    flags = ("live", "degraded", "late", "simulated", "needs_attention")
    assert [answer[name] for name in flags] == [False] * len(flags)
    assert [answer[name] for name in ("warnings", "steps", "checks", "notifications")] == [[], [], [], []]
    assert datetime.fromisoformat(answer["deadline_at"]) - datetime.fromisoformat(answer["created_at"]) == timedelta(
        minutes=10
    )


def test_a_failed_round_says_why() -> None:
    over = {"state": "failed", "next_at": None, "finished_at": AT, "error_code": "crashed", "error_message": "Five."}
    answer = status(make_round(**over))
    assert answer["error"] == {"code": "crashed", "message": "Five."}
    assert answer["finished_at"] == "2026-03-01T12:00:00Z"


def test_steps_are_in_order_with_their_outcome() -> None:
    row = make_round(state="waiting", step="deploy")
    StepRun.objects.create(
        round=row, run=1, step="deploy", started_at=AT + timedelta(seconds=9), detail="Pages: queued"
    )
    done = {"started_at": AT, "ended_at": AT + timedelta(seconds=5), "outcome": "done", "detail": "commit"}
    StepRun.objects.create(round=row, run=1, step="publish", **done)
    first, second = status(row)["steps"]
    assert first == {
        "name": "publish",
        "started_at": "2026-03-01T12:00:00Z",
        "finished_at": "2026-03-01T12:00:05Z",
        "outcome": "done",
        "detail": "commit",
    }
    assert (second["name"], second["finished_at"], second["outcome"]) == ("deploy", None, "waiting")


def test_checks_are_those_of_the_published_attempt_with_the_live_run_where_there_was_one() -> None:
    row = make_round()
    chosen = attempt(row, ("local", "check 1", "pass"), ("local", "check 2", "pass"), ("live", "check 2", "fail"))
    CheckResult.objects.create(attempt=chosen, target="empty", position=3, kind="js", text="e", verdict="vacuous")
    attempt(row, ("local", "newer 1", "error"))
    Round.objects.update(chosen_attempt=chosen)
    assert status(row)["checks"] == [
        {"text": "check 1", "kind": "prose", "verdict": "pass", "detail": "why"},
        {"text": "check 2", "kind": "prose", "verdict": "fail", "detail": "why"},
        {"text": "e", "kind": "js", "verdict": "vacuous", "detail": ""},
    ]


def test_a_check_says_its_verdict_and_not_its_predicates() -> None:
    row = make_round()
    attempt(row, ("local", "check 1", "pass"))
    CheckResult.objects.update(predicates=[{"says": "LICENSE is there", "verdict": "pass", "seen": "1,063 bytes"}])
    assert status(row)["checks"] == [{"text": "check 1", "kind": "prose", "verdict": "pass", "detail": "why"}]


def test_the_plan_is_that_of_the_present_run() -> None:
    row = make_round()
    with_plan(row)
    plan = status(row)["plan"]
    assert list(plan) == ["files", "absent", "data", "pages", "checks", "tests", "notes"]
    assert plan == RequestPlan.model_validate(PLAN).model_dump(mode="json")
    Round.objects.update(run=2)
    assert status(row)["plan"] is None


@pytest.mark.parametrize("kept", [{"plan": None, "why_none": "the call failed"}, {"plan": {"files": []}}])
def test_without_a_plan_or_with_one_of_another_version_it_is_null(kept: dict[str, object]) -> None:
    row = make_round()
    with_plan(row, **kept)
    PlanRow.objects.filter(plan__isnull=False).update(plan={"files": [{"path": 7}]})
    assert status(row)["plan"] is None


def test_notifications_show_each_attempt_and_no_body() -> None:
    row = make_round()
    common = {"round": row, "run": 1, "url": row.evaluation_url, "body": b"{}", "started_at": AT}
    NotificationAttempt.objects.create(number=1, error="no connection", **common)
    NotificationAttempt.objects.create(number=2, status_code=503, answer="private", **common)
    assert status(row)["notifications"] == [
        {"attempt": 1, "at": "2026-03-01T12:00:00Z", "status_code": None, "error": "no connection"},
        {"attempt": 2, "at": "2026-03-01T12:00:00Z", "status_code": 503, "error": None},
    ]


def test_no_address_no_prompt_and_no_lease_are_shown() -> None:
    row = make_round(
        lease_token="7d3e8a52-0b8e-4ad7-8d3b-111111111111", lease_until=timezone.now(), lease_owner="host:1"
    )
    attempt(row, ("local", "check 1", "pass"))
    text = json.dumps(status(row))
    assert not [word for word in ("evaluator.example", "student@", "prompt", "7d3e8a52", "host:1") if word in text]
