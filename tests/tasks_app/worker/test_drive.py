from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from engine.domain.repository import PagesBuild
from engine.errors import Permanent, Transient
from tasks_app.models import Attempt, Commit, Event, NotificationAttempt, Round, StepRun, Task, WorkerBeat
from tests.driving import drive, driven, must_wait
from tests.factories import CSV, SECRET, dump, lease_of, make_round
from tests.fakes import FakeAuthor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_django.fixtures import SettingsWrapper

    from engine.domain.model_call import Message
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

STEPS = ["generate", "verify", "publish", "deploy", "notify"]


# --- The whole way ----------------------------------------------------------------------------------------------------


def test_two_rounds_go_through_to_completed_with_every_row_written(outside: Outside) -> None:
    first, second = driven(make_round()), driven(make_round(round="2", brief="Make it blue."))
    for row in (first, second):
        assert (row.state, row.step, row.live, row.late, row.degraded) == ("completed", "notify", True, False, False)
        runs = StepRun.objects.filter(round=row)
        assert [(run.step, run.outcome, run.claims, run.ended_at is None) for run in runs] == [
            (step, "done", 1, False) for step in STEPS
        ]
        assert {r.target for r in row.chosen_attempt.check_results.all()} == {"local"}
        assert row.pages_statuses.get().live
        assert row.notifications.get().status_code == 200
        assert row.commits.get().pushed_at
        assert row.commits.get().sha == row.commit_sha
    assert len(outside.forge.repositories) == 1
    (inside,) = outside.forge.repositories.values()
    assert inside.head == second.commit_sha
    assert inside.commits[second.commit_sha].parent == first.commit_sha
    assert inside.commits[first.commit_sha].files["data.csv"] == CSV
    assert outside.forge.writes == ["create", "commit", "commit"]
    assert Task.objects.get().rounds.count() == 2


def test_the_callback_tells_exactly_what_the_contract_says(outside: Outside) -> None:
    row = driven(make_round(round="2", nonce="Ünï-1"))
    ((url, body, headers),) = outside.notifier.sent
    assert url == row.evaluation_url
    assert json.loads(body) == {
        "email": row.email,
        "task": row.task_name,
        "round": "2",
        "nonce": "Ünï-1",
        "repo_url": row.repo_url,
        "commit_sha": row.commit_sha,
        "pages_url": row.pages_url,
    }
    assert headers["Content-Type"] == "application/json"
    assert str(row.pk.hex) in headers["webhook-id"]


def test_rows_are_begun_before_their_effect(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, list[object]] = {"write": []}

    def spy(port: object, method: str, look: Callable[[], object]) -> None:
        real = getattr(port, method)

        def spied(*args: object, **keywords: object) -> object:
            seen.setdefault(method, []).append(look())
            return real(*args, **keywords)

        monkeypatch.setattr(port, method, spied)

    spy(outside.author, "write", lambda: list(Attempt.objects.filter(seconds=None).values_list("kind", "reply")))
    spy(outside.forge, "commit", lambda: list(Commit.objects.values_list("sha", "pushed_at", "round__repository")))
    spy(outside.notifier, "send", lambda: list(NotificationAttempt.objects.values_list("seconds", "status_code")))
    row = driven(make_round(checks=[]))
    assert seen["write"] == [[("plan", "")], [("generate", "")]]
    assert seen["commit"] == [[(row.commit_sha, None, row.repository)]]
    assert seen["send"] == [[(None, None)]]
    assert not Attempt.objects.filter(seconds=None).exists()
    assert NotificationAttempt.objects.get().seconds is not None


def test_what_is_not_due_held_or_ended_is_left_alone(outside: Outside) -> None:
    later = make_round(next_at=timezone.now() + timedelta(hours=1))
    held = make_round()
    lease_of(held)
    ended = make_round(state="failed", next_at=None, finished_at=timezone.now())
    before = dump()
    for row in (later, held, ended):
        drive(str(row.pk))
    assert dump() == before
    assert outside.author.asked == []


# --- Waiting ----------------------------------------------------------------------------------------------------------


def test_waiting_for_pages_holds_no_worker(outside: Outside) -> None:
    outside.forge.looks = [PagesBuild("building", None)]
    row = driven(make_round())
    assert (row.state, row.step, row.lease_token, row.crashes, row.failures) == ("waiting", "deploy", None, 0, 0)
    must_wait(row, 1, 15)
    assert WorkerBeat.objects.get(round=None)
    assert driven(row).state == "completed"
    assert StepRun.objects.get(step="deploy").claims == 2


@pytest.mark.parametrize(("failures", "least"), [(0, 0.5), (3, 7)])
def test_a_transient_error_waits_longer_each_time(outside: Outside, failures: int, least: float) -> None:
    outside.forge.faults.before["create"] = [Transient("forge_down", "No connection.")]
    row = driven(make_round(failures=failures))
    # Progress up to publish has set the failures back.
    assert (row.state, row.step, row.failures, row.waiting_on) == ("waiting", "publish", 1, "No connection.")
    Round.objects.update(failures=failures)
    outside.forge.faults.before["create"] = [Transient("forge_down", "No connection.")]
    assert driven(row).failures == failures + 1
    must_wait(row, least, 30)


def test_a_named_time_is_obeyed(outside: Outside) -> None:
    outside.forge.faults.before["create"] = [Transient("limited", "Slow down.", retry_after=90)]
    must_wait(driven(make_round()), 90, 90)


@pytest.mark.parametrize(
    ("method", "step"), [("create", "publish"), ("enable_pages", "publish"), ("pages_build", "deploy")]
)
def test_a_permanent_error_fails_with_its_sentence(outside: Outside, method: str, step: str) -> None:
    outside.forge.faults.before[method] = [Permanent("gone", "The repository is gone.")]
    row = driven(make_round())
    assert (row.state, row.step, row.error_code, row.error_message) == (
        "failed",
        step,
        "gone",
        "The repository is gone.",
    )
    assert (row.needs_attention, row.lease_token, row.next_at) == (True, None, None)
    assert StepRun.objects.get(step=step).outcome == "failed"


# --- Telling ----------------------------------------------------------------------------------------------------------


def test_a_callback_to_an_evaluator_that_is_down_is_repeated_with_the_same_bytes(outside: Outside) -> None:
    outside.notifier.answers = [Transient("no_connection", "Nobody listens."), 503, 200]
    row = driven(make_round())
    assert (row.state, row.step) == ("waiting", "notify")
    must_wait(row, 1, 1)
    Round.objects.update(repo_url="https://forge.test/renamed", evaluation_url="https://evaluator.example/notify")
    assert driven(row).state == "waiting"
    must_wait(row, 2, 2)
    assert driven(row).state == "completed"
    tried = list(NotificationAttempt.objects.values_list("number", "status_code", "error"))
    assert tried == [(1, None, "Nobody listens."), (2, 503, ""), (3, 200, "")]
    assert len({(bytes(n.body), n.headers["webhook-id"]) for n in NotificationAttempt.objects.all()}) == 1


def test_three_refusals_in_a_row_need_attention_and_the_trying_goes_on(outside: Outside) -> None:
    outside.notifier.answers = [400, 404, 422]
    row = make_round()
    assert [driven(row).needs_attention for _ in range(3)] == [False, False, True]
    assert row.state == "waiting"
    assert driven(row).state == "completed"
    assert not row.needs_attention


def test_the_trying_ends_with_its_time(outside: Outside, settings: SettingsWrapper) -> None:
    settings.NOTIFY_FOR_SECONDS = 60
    outside.notifier.answers = [500, 500]
    row = driven(make_round())
    assert row.state == "waiting"
    NotificationAttempt.objects.update(started_at=timezone.now() - timedelta(seconds=61))
    assert driven(row).state == "failed"
    assert row.error_code == "callback_undelivered"
    assert row.commit_sha


# --- Errors of our own ------------------------------------------------------------------------------------------------


def test_an_error_of_our_own_is_kept_without_secrets_and_the_fifth_in_a_row_fails_the_round(
    outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    outside.forge.faults.before["create"] = [RuntimeError(f"bug with {SECRET}") for _ in range(5)]
    row = make_round()
    for crashes in range(1, 6):
        assert driven(row).state == "waiting"
        assert (row.crashes, row.lease_token) == (crashes, None)
        must_wait(row, 0.5, 30)
    assert driven(row).state == "failed"
    assert (row.error_code, row.step) == ("crashed", "publish")
    assert Event.objects.filter(what="internal error", text__contains="RuntimeError").count() == 5
    assert SECRET not in repr(dump())


def test_progress_between_crashes_resets_the_count(outside: Outside) -> None:
    outside.forge.faults.before["create"] = [RuntimeError("bug") for _ in range(4)]
    outside.forge.faults.before["pages_build"] = [RuntimeError("bug") for _ in range(4)]
    row = make_round()
    for _ in range(8):
        assert driven(row).state == "waiting"
    assert driven(row).state == "completed"


def test_a_step_whose_lease_is_lost_stops_without_a_write(outside: Outside) -> None:
    row = make_round()
    after: list[object] = []

    def taken_over(_: Sequence[Message]) -> str:
        Round.objects.filter(pk=row.pk).update(lease_token="7d3e8a52-0b8e-4ad7-8d3b-111111111111")
        after.append({name: rows for name, rows in dump().items() if name != "WorkerBeat"})
        return "nothing"

    outside.author.replies = FakeAuthor(taken_over).replies
    drive(str(row.pk))
    assert {name: rows for name, rows in dump().items() if name != "WorkerBeat"} == after[0]
    assert len(outside.author.asked) == 1
    assert outside.forge.writes == []


def test_each_model_call_has_its_own_time_before_the_step_counts_as_unresponsive(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed: list[float] = []
    monkeypatch.setattr("tasks_app.worker.heartbeat.Heartbeat.allow", lambda _, seconds: allowed.append(seconds))
    outside.author = FakeAuthor(Transient("model_timeout", "first let its time run out"))
    assert driven(make_round(checks=[])).state == "completed"
    assert [model for model, _, _ in outside.author.asked] == ["first", "second"]
    asked = [call[2] for call in (*outside.author.planned, *outside.author.asked)]
    assert [given > seconds for given, seconds in zip(allowed, asked, strict=True)] == [True] * 3
