from __future__ import annotations

import itertools
import subprocess
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_q.brokers import get_broker
from redis.exceptions import RedisError

from tasks_app.models import Round, WorkerBeat
from tasks_app.operations.workers import worker_beat
from tasks_app.processes.dispatcher import Dispatcher
from tasks_app.rounds.schedule import rounds_due
from tests.factories import lease_of, make_round

if TYPE_CHECKING:
    from django_q.brokers import Broker
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def queue() -> Broker:
    """Return the queue, empty: Redis keeps what an earlier test left."""
    broker = get_broker()
    broker.delete_queue()
    return broker


def test_where_nothing_is_due_nobody_is_woken(queue: Broker) -> None:
    make_round(next_at=timezone.now() + 60 * SECOND)
    assert Dispatcher("supervisor").tick() == 0
    assert queue.queue_size() == 0


def test_what_is_due_wakes_a_worker_once_until_the_message_is_fetched_or_lost(queue: Broker) -> None:
    make_round()
    dispatcher = Dispatcher("supervisor")
    assert [dispatcher.tick(), dispatcher.tick()] == [1, 0]
    queue.delete_queue()
    assert dispatcher.tick() == 1


def test_a_message_that_another_machines_busy_cluster_has_fetched_is_replaced_at_the_next_tick(queue: Broker) -> None:
    make_round()
    dispatcher = Dispatcher("supervisor")
    dispatcher.tick()
    assert queue.dequeue()
    assert dispatcher.tick() == 1


def test_the_workers_of_all_machines_are_woken(queue: Broker, settings: SettingsWrapper) -> None:
    settings.WORKERS = 2
    for number in range(9):
        make_round(task=f"t{number}")
    assert Dispatcher("alone").tick() == 2
    worker_beat(worker="elsewhere:dispatcher", workers=4)
    assert Dispatcher("alone").tick() == 6 - 2  # two messages wait already
    queue.delete_queue()
    WorkerBeat.objects.filter(worker="elsewhere:dispatcher").update(seen_at=timezone.now() - 31 * SECOND)
    assert Dispatcher("alone").tick() == 2


def test_a_page_that_is_watched_wakes_a_worker() -> None:
    now = timezone.now()
    columns = {"state": "completed", "step": "notify", "next_at": None, "finished_at": now, "commit_sha": "1" * 40}
    make_round(watch_at=now, watch_until=now + 60 * SECOND, **columns)
    assert Dispatcher("supervisor").tick() == 1


@pytest.mark.processes
def test_the_round_of_a_worker_that_died_is_due_at_once() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    row = make_round()
    lease_of(row)
    Round.objects.update(lease_owner=f"supervisor:{gone.pid}")
    assert rounds_due(workers=8) == []
    assert Dispatcher("supervisor").tick() == 1
    assert rounds_due(workers=8) == [row.pk]


@pytest.mark.parametrize("error", [OperationalError("away"), RedisError("away"), RuntimeError("a bug of ours")])
def test_the_dispatcher_outlives_whatever_fails(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    stop, ticks = threading.Event(), []

    def failing(_: Dispatcher) -> int:
        ticks.append(1)
        if len(ticks) == 3:
            stop.set()
        raise error

    monkeypatch.setattr("tasks_app.processes.dispatcher.TICK", 0.001)
    monkeypatch.setattr(Dispatcher, "tick", failing)
    monkeypatch.setattr("tasks_app.processes.dispatcher.connections.close_all", lambda: None)
    Dispatcher("supervisor").run(stop)
    assert len(ticks) == 3


def test_each_part_of_a_tick_gives_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """One write may wait 20 s for SQLite's lock, and the supervisor kills a dispatcher that is silent for 45 s."""
    happened: list[str] = []

    def noted(module: str, name: str, answer: object) -> None:
        def call(*_: object, **__: object) -> object:
            happened.append(name)
            return answer

        monkeypatch.setattr(f"tasks_app.{module}.{name}", call)

    for number in range(3):
        make_round(task=f"c{number}", step="notify", commit_sha="1" * 40)
        make_round(task=f"w{number}")
    noted("operations.workers", "worker_beat", None)
    noted("operations.workers", "beats_forget", 0)
    noted("worker.callbacks", "lease_claim", None)
    noted("operations.queue", "async_task", None)
    noted("rounds.leases", "lease_pids", set())
    Dispatcher("supervisor", beat=lambda: happened.append("alive")).tick()
    writes = [name for name in happened if name != "alive"]
    assert writes.count("lease_claim") == 3
    assert writes.count("async_task") == 3
    assert all({"alive"} & set(pair) for pair in itertools.pairwise(happened)), happened


def test_an_error_that_stays_is_logged_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    stop, ticks = threading.Event(), []

    def failing(_: Dispatcher) -> int:
        ticks.append(1)
        if len(ticks) == 5:
            stop.set()
        if len(ticks) == 3:
            return 0
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr("tasks_app.processes.dispatcher.TICK", 0.001)
    monkeypatch.setattr(Dispatcher, "tick", failing)
    monkeypatch.setattr("tasks_app.processes.dispatcher.connections.close_all", lambda: None)
    Dispatcher("supervisor").run(stop)
    assert caplog.text.count("failed by an error of our own") == 2
