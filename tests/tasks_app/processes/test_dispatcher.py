from __future__ import annotations

import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connections
from django.utils import timezone

from tasks_app.models import Round, WorkerBeat
from tasks_app.operations.queue import QueueDownError
from tasks_app.operations.workers import worker_beat
from tasks_app.processes.dispatcher import Dispatcher
from tasks_app.rounds.schedule import round_enqueue, rounds_due
from tests.factories import lease_of, make_round

if TYPE_CHECKING:
    from uuid import UUID

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Keep what is rung in place of putting it into a queue."""
    bells: list[UUID] = []
    monkeypatch.setattr("tasks_app.processes.dispatcher.ring", bells.append)
    return bells


def test_a_lease_that_ran_out_by_itself_is_enqueued_at_once(rung: list[UUID]) -> None:
    row = make_round()
    round_enqueue(round_id=row.pk)
    lease_of(row)
    assert rounds_due(workers=8) == []
    Round.objects.update(lease_until=timezone.now() - SECOND)
    assert rounds_due(workers=8) == [row.pk]


def test_a_ring_is_repeated_only_when_nobody_answered_it(rung: list[UUID]) -> None:
    row = make_round()
    dispatcher = Dispatcher("supervisor")
    assert [dispatcher.tick(), dispatcher.tick()] == [1, 0]
    Round.objects.update(enqueued_at=timezone.now() - 31 * SECOND)
    assert dispatcher.tick() == 1
    assert rung == [row.pk, row.pk]


def test_the_workers_of_all_machines_are_rung_for(rung: list[UUID], settings: SettingsWrapper) -> None:
    settings.WORKERS = 2
    for number in range(9):
        make_round(task=f"t{number}", step="deploy" if number < 4 else "generate")
    assert Dispatcher("alone").tick() == 1 + 2  # half of the workers for polls, and each one for new work
    Round.objects.update(enqueued_at=None)
    worker_beat(worker="elsewhere:dispatcher", workers=4)
    assert Dispatcher("alone").tick() == 3 + 5
    WorkerBeat.objects.filter(worker="elsewhere:dispatcher").update(seen_at=timezone.now() - 31 * SECOND)
    Round.objects.update(enqueued_at=None)
    assert Dispatcher("alone").tick() == 1 + 2


def test_a_ring_that_a_busy_machine_took_is_repeated_soon_while_another_has_a_worker_free(
    rung: list[UUID], settings: SettingsWrapper
) -> None:
    settings.WORKERS = 1
    row = make_round(task="new", enqueued_at=timezone.now() - 3 * SECOND)
    lease_of(make_round(task="busy"))
    assert Dispatcher("busy").tick() == 0  # alone, it has no worker free
    worker_beat(worker="elsewhere:dispatcher", workers=1)
    assert Dispatcher("busy").tick() == 1
    assert rung == [row.pk]
    assert Dispatcher("elsewhere").tick() == 0  # it was rung just now
    lease_of(make_round(task="busy too"))
    Round.objects.filter(pk=row.pk).update(enqueued_at=timezone.now() - 3 * SECOND)
    assert Dispatcher("busy").tick() == 0


@pytest.mark.django_db(transaction=True)
def test_two_dispatchers_ring_once(rung: list[UUID]) -> None:
    rows = [make_round(task=f"t{n}") for n in range(6)]
    together = threading.Barrier(4)

    def one(number: int) -> None:
        try:
            dispatcher = Dispatcher(f"supervisor-{number}")
            together.wait()
            dispatcher.tick()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))
    assert sorted(rung) == sorted(row.pk for row in rows)


@pytest.mark.processes
def test_a_dead_workers_round_is_enqueued_at_once(rung: list[UUID], settings: SettingsWrapper) -> None:
    del settings
    gone = subprocess.Popen(["true"])
    gone.wait()
    row = make_round()
    lease_of(row)
    Round.objects.update(lease_owner=f"supervisor:{gone.pid}", enqueued_at=timezone.now())
    Dispatcher("supervisor").tick()
    assert rung == [row.pk]


@pytest.mark.parametrize("error", [OperationalError("away"), QueueDownError("away"), RuntimeError("a bug of ours")])
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
