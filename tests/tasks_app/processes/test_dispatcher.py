from __future__ import annotations

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
