"""The rounds that a worker takes when it is woken."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from django.utils import timezone

from tasks_app.models import Round
from tasks_app.operations.workers import stop_announce, worker_beat
from tasks_app.rounds.leases import lease_claim
from tasks_app.rounds.schedule import callbacks_due, poll_claim
from tasks_app.worker import due_work
from tests.factories import make_round

if TYPE_CHECKING:
    from uuid import UUID

    from tasks_app.rounds.leases import Lease
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Keep which rounds a worker takes; each is let go of and waits for a minute."""
    rounds: list[UUID] = []

    def take(lease: Lease, **_options: object) -> None:
        rounds.append(lease.round_id)
        later = timezone.now() + 60 * SECOND
        Round.objects.filter(pk=lease.round_id).update(lease_token=None, lease_until=None, next_at=later)

    monkeypatch.setattr(due_work, "drive", take)
    return rounds


def polls(count: int) -> list[UUID]:
    """Store polls that are due; the first has waited for longest."""
    now = timezone.now()
    return [make_round(task=f"p{n}", step="deploy", next_at=now - (99 - n) * SECOND).pk for n in range(count)]


def test_polls_are_taken_first_and_then_the_oldest_round(taken: list[UUID]) -> None:
    now = timezone.now()
    make_round(task="young", next_at=now - SECOND)
    old = make_round(task="old", next_at=now - 200 * SECOND)
    first = polls(2)
    due_work.take_due()
    assert taken == [*first, old.pk]


def test_a_new_round_waits_for_no_more_than_a_few_polls(taken: list[UUID]) -> None:
    many = polls(9)
    new = make_round(task="new")
    due_work.take_due()
    assert taken == [*many[:4], new.pk]


def test_where_half_of_the_workers_are_on_polls_the_next_takes_new_work(taken: list[UUID]) -> None:
    worker_beat(worker="a:dispatcher", workers=8)
    for round_id in polls(6)[:4]:
        assert lease_claim(round_id=round_id, owner="a:1")
    new = make_round(task="new")
    due_work.take_due()
    assert taken == [new.pk]


@pytest.mark.django_db(transaction=True)
def test_of_workers_that_are_woken_at_once_no_more_than_half_take_polls() -> None:
    polls(8)

    def claim(number: int) -> Lease | None:
        try:
            return poll_claim(owner=f"a:{number}", workers=4)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        assert sum(lease is not None for lease in threads.map(claim, range(8))) == 2


def test_where_nothing_is_due_nothing_happens(taken: list[UUID]) -> None:
    make_round(next_at=timezone.now() + 60 * SECOND)
    due_work.take_due()
    assert taken == []


def test_a_worker_whose_supervisor_stops_takes_nothing(taken: list[UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERVISOR_ID", "a")
    worker_beat(worker="a:dispatcher", workers=8)
    stop_announce(supervisor="a")
    polls(1)
    make_round(task="new")
    due_work.take_due()
    assert taken == []


def test_a_woken_worker_drives_a_round_until_its_callback_is_due(outside: Outside) -> None:
    row = make_round()
    due_work.take_due()
    row.refresh_from_db()
    assert (row.state, row.step, row.live) == ("queued", "notify", True)
    assert row.worker_seconds
    assert outside.notifier.sent == []
    assert [one.round_id for one in callbacks_due(most=9)] == [row.pk]
