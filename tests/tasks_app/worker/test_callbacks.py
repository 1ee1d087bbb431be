"""Callbacks in threads, against evaluators on loopback that answer, stall and drip."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from tasks_app import wiring
from tasks_app.models import NotificationAttempt, Round
from tasks_app.worker.callbacks import CallbackSender
from tests.doubles.http_server import HttpServer, Script
from tests.factories import make_round
from tests.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db(transaction=True)

STALLS = Script(hang=True)
DRIPS = Script(head_drip=5)


@pytest.fixture
def sender() -> Iterator[CallbackSender]:
    made = CallbackSender()
    yield made
    made.finish(30)


@pytest.fixture(autouse=True)
def _private(settings: SettingsWrapper) -> Iterator[None]:
    settings.ALLOW_PRIVATE_URLS = True
    wiring.http.cache_clear()
    yield
    wiring.http.cache_clear()


def published(task: str, evaluator: HttpServer) -> Round:
    columns = {"commit_sha": "1" * 40, "repo_url": "http://r", "pages_url": "http://p", "live": True}
    address = evaluator.url("/notify")
    return make_round(task=task, evaluation_url=address, step="notify", published_at=timezone.now(), **columns)


@pytest.mark.slow
@pytest.mark.parametrize("slow", [STALLS, DRIPS], ids=["stalls", "drips"])
def test_evaluators_that_stall_hold_up_neither_each_other_nor_others(sender: CallbackSender, slow: Script) -> None:
    with HttpServer({"/notify": slow}) as bad, HttpServer({"/notify": Script()}) as good:
        for number in range(12):
            published(f"slow {number}", bad)
        honest = published("honest", good)
        assert sender.take_due() == 13
        assert wait_for(lambda: Round.objects.get(pk=honest.pk).state == "completed", 20)
        assert wait_for(lambda: bad.connections == 12, 20)
        assert Round.objects.filter(task_name__startswith="slow", state="running").count() == 12
        assert sender.take_due() == 0
    sender.finish(30)
    assert not Round.objects.filter(state="running").exists()


def test_one_host_gets_half_of_the_places(sender: CallbackSender) -> None:
    sender.most = 4
    with HttpServer({"/notify": STALLS}) as bad, HttpServer({"/notify": STALLS}) as other:
        for number in range(4):
            published(f"bad {number}", bad)
        assert sender.take_due() == 2
        published("other", other)
        assert sender.take_due() == 1
        assert wait_for(lambda: other.connections == 1, 20)
    sender.finish(30)


def test_callbacks_that_failed_before_leave_half_of_the_places(sender: CallbackSender) -> None:
    sender.most = 4
    with ExitStack() as stack:
        for number in range(3):
            row = published(f"tried {number}", stack.enter_context(HttpServer({"/notify": STALLS})))
            NotificationAttempt.objects.create(
                round=row, run=1, number=1, url="u", body=b"{}", headers={}, started_at=timezone.now(), seconds=1
            )
        assert sender.take_due() == 2
        published("new", stack.enter_context(HttpServer({"/notify": Script()})))
        assert sender.take_due() == 1
    sender.finish(30)


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the signals that this process would have sent to itself."""
    signals: list[int] = []
    monkeypatch.setattr("tasks_app.worker.heartbeat.os.kill", lambda _pid, number: signals.append(number))
    return signals


def test_a_callback_past_its_budget_ends_no_process_and_its_answer_counts(
    sender: CallbackSender, killed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks_app.worker.drive._step_seconds", lambda _row: 0.05)
    with HttpServer({"/notify": Script(head_drip=0.02)}) as evaluator:
        row = published("slow", evaluator)
        assert sender.take_due() == 1
        assert wait_for(lambda: evaluator.connections == 1, 20)
        # As after a freeze of the host: the lease has expired, while the thread still waits for its answer.
        Round.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert sender.take_due() == 0
        assert wait_for(lambda: Round.objects.get(pk=row.pk).state == "completed", 20)
        assert len(evaluator.asked) == 1
    row.refresh_from_db()
    assert (killed, row.crashes) == ([], 0)


def test_a_callback_whose_thread_is_stuck_is_begun_again(
    sender: CallbackSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks_app.worker.callbacks._LEFT_ALONE", 0.0)
    with HttpServer({"/notify": STALLS}) as evaluator:
        published("stuck", evaluator)
        assert sender.take_due() == 1
        assert wait_for(lambda: evaluator.connections == 1, 20)
        Round.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert sender.take_due() == 1
    sender.finish(30)


def test_an_error_of_our_own_in_a_callback_is_logged_by_the_logs_rules(
    sender: CallbackSender, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug of ours")

    past_the_log: list[object] = []
    monkeypatch.setattr("threading.excepthook", past_the_log.append)
    monkeypatch.setattr("tasks_app.worker.callbacks.drive", fail)
    with HttpServer({"/notify": Script()}) as evaluator:
        published("any", evaluator)
        assert sender.take_due() == 1
        sender.finish(30)
    assert past_the_log == []
    assert "its callback failed by an error of our own" in caplog.text
