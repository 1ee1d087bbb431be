from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tasks_app.models import (
    Attempt,
    Breaker,
    CheckResult,
    Commit,
    ForgeQuota,
    ForgeWrite,
    IssuedTask,
    ModelProfile,
    NotificationAttempt,
    Plan,
    RehearsalResult,
    Round,
    SourceFile,
    StepRun,
    Takedown,
)
from tests.factories import make_payload, make_round
from tests.rehearsals import make_issued, make_rehearsal, make_submission

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db

FILE = make_payload()["attachments"][0]


def change(**over: object) -> Callable[[Round], object]:
    return lambda row: Round.objects.filter(pk=row.pk).update(**over)


def attempt(row: Round) -> Attempt:
    return Attempt.objects.create(round=row, run=1, kind="generate", started_at=timezone.now())


def check(**over: object) -> Callable[[Round], object]:
    fields = {"target": "local", "position": 1, "kind": "js", "text": "true", "verdict": "pass"} | over
    return lambda row: CheckResult.objects.create(attempt=attempt(row), **fields)


def source(**over: object) -> Callable[[Round], object]:
    fields = {"path": "a", "content": b"", "sha256": "", "size": 0, "origin": "model"} | over
    return lambda row: SourceFile.objects.create(attempt=attempt(row), **fields)


def step_run(row: Round, **over: object) -> StepRun:
    return StepRun.objects.create(round=row, **({"run": 1, "step": "generate", "started_at": timezone.now()} | over))


def commit(row: Round, sha: str, **over: object) -> Commit:
    return Commit.objects.create(round=row, run=1, sha=sha, planned_at=timezone.now(), **over)


def plan(row: Round, **over: object) -> Plan:
    fields = {"run": 1, "plan": {"notes": []}, "source": "model", "made_at": timezone.now()} | over
    return Plan.objects.create(round=row, **fields)


def notification(row: Round) -> NotificationAttempt:
    return NotificationAttempt.objects.create(round=row, run=1, number=1, url="u", body=b"", started_at=timezone.now())


def breaker(_: Round) -> Breaker:
    return Breaker.objects.create(kind="model", code="c", reason="r", since=timezone.now())


def unsent() -> IssuedTask:
    """Return a round without a callback and without results."""
    return make_issued(make_submission(make_rehearsal()), state="queued", callback=None, callback_at=None)


def renamed(issued: IssuedTask) -> IssuedTask:
    """Give the row in memory another nonce, which has a constraint of its own."""
    issued.nonce = "another"
    return issued


def twice(one: Callable[[Round], object]) -> Callable[[Round], object]:
    return lambda row: (one(row), one(row))


def copied(make: Callable[[Round], object]) -> Callable[[Round], object]:
    """Make a row twice under the same parent."""

    def break_it(row: Round) -> None:
        made = make(row)
        made.pk = None
        made.save(force_insert=True)

    return break_it


#: How the names of the constraints end that look at the values of one row.
OF_VALUES = ("known", "1000", "due", "whole", "has_commit", "has_callback", "one_row")

VIOLATIONS: dict[str, Callable[[Round], object]] = {
    "round_state_known": change(state="resting"),
    "round_step_known": change(step="rest"),
    "round_number_1_to_1000": change(number=1001),
    "round_ended_is_not_due": change(state="failed", finished_at=timezone.now()),
    "round_lease_is_whole": change(lease_until=timezone.now()),
    "round_watch_is_whole": change(watch_at=timezone.now()),
    "round_decision_is_whole": change(decision="repair"),
    "round_completed_has_commit": change(state="completed", next_at=None, finished_at=timezone.now()),
    "attachment_name_once": copied(lambda row: row.attachments.get()),
    "attachment_source_known": lambda row: row.attachments.update(source="stranger"),
    "step_run_step_known": lambda row: step_run(row, step="rest"),
    "step_run_one_open": twice(step_run),
    "plan_once_per_run": twice(plan),
    "plan_source_known": lambda row: plan(row, source="stranger"),
    "plan_is_whole": lambda row: plan(row, why_none="there is one all the same"),
    "source_file_path_once": copied(source()),
    "source_file_origin_known": source(origin="stranger"),
    "check_result_once": copied(check()),
    "check_result_kind_known": check(kind="guess"),
    "check_result_verdict_known": check(verdict="perhaps"),
    "check_result_target_known": check(target="moon"),
    "commit_once": twice(lambda row: commit(row, "1")),
    "commit_one_pushed_per_run": lambda row: [commit(row, sha, pushed_at=timezone.now()) for sha in "12"],
    "notification_number_once": twice(notification),
    "breaker_one_open_per_kind": twice(breaker),
    "breaker_one_pause_per_kind": twice(
        lambda _: Breaker.objects.create(kind="model", code="paused", since=timezone.now(), opened_by="ada")
    ),
    "takedown_one_per_repository": twice(
        lambda row: Takedown.objects.create(
            owner="o", repository="r", round_id=row.pk, reach="pages", asked_at=timezone.now(), asked_by="ada"
        )
    ),
    "forge_quota_one_row": lambda _: ForgeQuota.objects.create(pk=2),
    "model_profile_once": twice(
        lambda _: ModelProfile.objects.create(server="s", model="m", learned_at=timezone.now())
    ),
    "submission_once": copied(lambda _: make_submission(make_rehearsal())),
    "issued_once": copied(lambda _: renamed(unsent())),
    "issued_received_has_callback": lambda _: IssuedTask.objects.filter(pk=unsent().pk).update(state="received"),
    "rehearsal_result_once": copied(
        lambda _: RehearsalResult.objects.create(issued=unsent(), number=1, kind="page", check_text="It is there")
    ),
    "forge_write_one_slot_per_key": twice(lambda _: ForgeWrite.objects.create(key="x", due_at=timezone.now())),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_the_database_refuses_what_the_code_believes_never_happens(name: str) -> None:
    row = make_round(attachments=[FILE])
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        VIOLATIONS[name](row)
    kind = (
        "CHECK"
        if name.endswith(("known", "1000", "due", "whole", "has_commit", "has_callback", "one_row"))
        else "UNIQUE"
    )
    assert kind in str(caught.value).upper()  # "CHECK constraint failed: …" or "… violates check constraint …"
    if connection.vendor == "postgresql" or kind == "CHECK":
        assert name in str(caught.value)


def test_every_constraint_is_in_the_table() -> None:
    models = apps.get_app_config("tasks_app").get_models()
    assert {constraint.name for model in models for constraint in model._meta.constraints} == set(VIOLATIONS)


def test_a_plan_that_is_none_says_why() -> None:
    row = make_round()
    with pytest.raises(IntegrityError), transaction.atomic():
        plan(row, plan=None)
    assert plan(row, plan=None, why_none="the call failed").plan is None


def test_two_rounds_cannot_have_one_key() -> None:
    first, second = make_round(), make_round()
    with pytest.raises(IntegrityError), transaction.atomic():
        Round.objects.filter(pk=second.pk).update(key=first.key)
