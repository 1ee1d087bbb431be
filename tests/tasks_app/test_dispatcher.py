from __future__ import annotations

import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connections
from django.utils import timezone

from engine.errors import OutOfService
from tasks_app.dispatcher import Dispatcher
from tasks_app.drive import drive
from tasks_app.models import Round, WorkerBeat
from tasks_app.queue import QueueDownError
from tasks_app.services.beats import worker_beat
from tasks_app.services.breakers import breaker_trip
from tasks_app.services.dues import round_ring, rounds_due
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
    monkeypatch.setattr("tasks_app.dispatcher.ring", bells.append)
    return bells


def due(workers: int = 8) -> list[UUID]:
    return rounds_due(workers=workers)


def ended(state: str) -> dict[str, object]:
    return {"state": state, "next_at": None, "finished_at": timezone.now(), "commit_sha": "1" * 40}


# --- What is due -----------------------------------------------------------------------------------------------------------------------


def test_a_new_round_is_due_at_once() -> None:
    row = make_round()
    assert due() == [row.pk]


@pytest.mark.parametrize(
    "over",
    [
        {"next_at": timezone.now() + timedelta(hours=1)},
        {"rung_at": timezone.now() + timedelta(hours=1)},
        ended("completed"),
        ended("failed"),
        ended("cancelled"),
    ],
    ids=["not yet", "rung", "completed", "failed", "cancelled"],
)
def test_what_is_not_due_is_not_rung(over: dict[str, object]) -> None:
    make_round(**over)
    assert due() == []


def test_a_leased_round_is_due_again_when_its_lease_has_run_out() -> None:
    row = make_round()
    lease_of(row)
    assert due() == []
    Round.objects.update(lease_until=timezone.now() - SECOND)
    assert due() == [row.pk]


# --- The order of a task's rounds ----------------------------------------------------------------------------------------------------------


def test_a_lease_that_ran_out_by_itself_is_rung_at_once(rung: list[UUID]) -> None:
    row = make_round()
    round_ring(round_id=row.pk)
    lease_of(row)
    assert due() == []
    Round.objects.update(lease_until=timezone.now() - SECOND)
    assert due() == [row.pk]


@pytest.mark.parametrize("step", ["generate", "verify", "publish"])
@pytest.mark.parametrize("state", ["queued", "running", "waiting"])
def test_round_2_waits_while_round_1_is_not_published(step: str, state: str) -> None:
    first = make_round(step=step, state=state)
    make_round(round=2)
    assert due() == [first.pk]


@pytest.mark.parametrize(
    "over",
    [
        {"step": "deploy"},
        {"step": "notify", "state": "waiting"},
        ended("failed"),
        ended("cancelled"),
        ended("completed"),
    ],
    ids=["deploy", "notify", "failed", "cancelled", "completed"],
)
def test_round_2_waits_no_longer_once_round_1_is_published_or_has_ended(over: dict[str, object]) -> None:
    make_round(**over)
    second = make_round(round=2)
    assert second.pk in due()


def test_a_round_2_that_came_first_goes_before_its_round_1_only_while_that_is_not_there() -> None:
    second = make_round(round=2)
    assert due() == [second.pk]
    first = make_round(round=1)
    assert due() == [first.pk]


def test_later_rounds_of_one_number_go_by_their_arrival_and_first_ones_do_not_wait() -> None:
    earlier, later = make_round(round=2), make_round(round=2)
    assert due() == [earlier.pk]
    Round.objects.filter(pk=earlier.pk).update(step="deploy")
    assert later.pk in due()
    firsts = {make_round(task="other", round=1).pk for _ in range(2)}
    assert firsts < set(due())


def test_another_task_or_email_waits_for_nobody() -> None:
    rows = [make_round(), make_round(round=2, task="other"), make_round(round=2, email="other@example.com")]
    assert set(due()) == {row.pk for row in rows}


def test_a_published_round_is_polled_whatever_came_before() -> None:
    make_round(round=1)
    second = make_round(round=2, step="deploy")
    assert second.pk in due()


# --- Breakers --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "held"), [("model", {"generate"}), ("forge", {"publish", "deploy"})])
def test_a_breaker_holds_what_needs_it_until_the_share_ends(kind: str, held: set[str]) -> None:
    steps = ["generate", "verify", "publish", "deploy", "notify"]
    rows = {step: make_round(task=step, step=step, share_ends_at=timezone.now() + 60 * SECOND) for step in steps}
    breaker_trip(error=OutOfService("x", "Closed.", kind=kind))
    assert {step for step, row in rows.items() if row.pk not in due()} == held
    Round.objects.update(share_ends_at=timezone.now() - SECOND)
    assert set(due()) == {row.pk for row in rows.values()}


# --- Room ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("workers", "places"), [(1, 1), (2, 1), (3, 2), (8, 4)])
def test_polls_get_at_most_half_of_the_workers_rounded_up(workers: int, places: int) -> None:
    for number in range(6):
        make_round(task=f"t{number}", step="deploy" if number % 2 else "notify")
    assert len(due(workers)) == places


def test_polls_under_way_count_against_their_half() -> None:
    rows = [make_round(task=f"t{n}", step="deploy") for n in range(6)]
    lease_of(rows[0])
    assert round_ring(round_id=rows[1].pk)
    assert len(due(6)) == 1


def test_polls_are_rung_before_new_work_and_the_oldest_first() -> None:
    now = timezone.now()
    poll = make_round(task="p", step="notify", next_at=now - 60 * SECOND)
    young = make_round(task="y", next_at=now - SECOND)
    old = make_round(task="o", next_at=now - 9 * SECOND)
    assert due() == [poll.pk, old.pk, young.pk]


def test_a_queue_of_new_work_does_not_keep_polls_from_their_look() -> None:
    for number in range(20):
        make_round(task=f"t{number}", next_at=timezone.now() - 60 * SECOND)
    assert all(round_ring(round_id=pk) for pk in due(4))
    poll = make_round(task="p", step="deploy", next_at=timezone.now() - SECOND)
    assert due(4) == [poll.pk]


def test_whoever_is_about_to_write_a_page_looks_first_at_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    driven: list[UUID] = []
    monkeypatch.setattr("tasks_app.drive._drive", driven.append)
    now = timezone.now()
    new = make_round(task="n")
    polls = [make_round(task=f"p{n}", step="deploy", next_at=now - n * SECOND) for n in (1, 9, 5)]
    make_round(task="later", step="notify", next_at=now + 60 * SECOND)
    drive(str(new.pk))
    assert driven == [polls[1].pk, polls[2].pk, new.pk]
    driven.clear()
    drive(str(polls[0].pk))
    assert driven == [polls[0].pk]


def test_a_poll_that_has_only_just_become_due_keeps_no_new_round_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    driven: list[UUID] = []
    monkeypatch.setattr("tasks_app.drive._drive", driven.append)
    new = make_round(task="n")
    make_round(task="p", step="notify", next_at=timezone.now())
    drive(str(new.pk))
    assert driven == [new.pk]


def test_no_more_is_rung_than_workers_can_take_soon() -> None:
    for number in range(7):
        make_round(task=f"t{number}")
    first = due(4)
    assert len(first) == 4
    assert all(round_ring(round_id=pk) for pk in first)
    assert due(4) == []


# --- Ringing ---------------------------------------------------------------------------------------------------------------------------


def test_a_ring_is_repeated_only_when_nobody_answered_it(rung: list[UUID]) -> None:
    row = make_round()
    dispatcher = Dispatcher("supervisor")
    assert [dispatcher.tick(), dispatcher.tick()] == [1, 0]
    Round.objects.update(rung_at=timezone.now() - 31 * SECOND)
    assert dispatcher.tick() == 1
    assert rung == [row.pk, row.pk]


def test_the_workers_of_all_machines_are_rung_for(rung: list[UUID], settings: SettingsWrapper) -> None:
    settings.WORKERS = 2
    for number in range(9):
        make_round(task=f"t{number}", step="deploy" if number < 4 else "generate")
    assert Dispatcher("alone").tick() == 1 + 2  # half of the workers for polls, and each one for new work
    Round.objects.update(rung_at=None)
    worker_beat(worker="elsewhere:dispatcher", workers=4)
    assert Dispatcher("alone").tick() == 3 + 5
    WorkerBeat.objects.filter(worker="elsewhere:dispatcher").update(seen_at=timezone.now() - 31 * SECOND)
    Round.objects.update(rung_at=None)
    assert Dispatcher("alone").tick() == 1 + 2


def test_a_ring_that_a_busy_machine_took_is_repeated_soon_while_another_has_a_worker_free(
    rung: list[UUID], settings: SettingsWrapper
) -> None:
    settings.WORKERS = 1
    row = make_round(task="new", rung_at=timezone.now() - 3 * SECOND)
    lease_of(make_round(task="busy"))
    assert Dispatcher("busy").tick() == 0  # alone, it has no worker free
    worker_beat(worker="elsewhere:dispatcher", workers=1)
    assert Dispatcher("busy").tick() == 1
    assert rung == [row.pk]
    assert Dispatcher("elsewhere").tick() == 0  # it was rung just now
    lease_of(make_round(task="busy too"))
    Round.objects.filter(pk=row.pk).update(rung_at=timezone.now() - 3 * SECOND)
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


def test_a_dead_workers_round_is_rung_at_once(rung: list[UUID], settings: SettingsWrapper) -> None:
    del settings
    gone = subprocess.Popen(["true"])
    gone.wait()
    row = make_round()
    lease_of(row)
    Round.objects.update(lease_owner=f"supervisor:{gone.pid}", rung_at=timezone.now())
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

    monkeypatch.setattr("tasks_app.dispatcher.TICK", 0.001)
    monkeypatch.setattr(Dispatcher, "tick", failing)
    monkeypatch.setattr("tasks_app.dispatcher.connections.close_all", lambda: None)
    Dispatcher("supervisor").run(stop)
    assert len(ticks) == 3
