from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from engine.errors import LeaseLost
from tasks_app.models import Round
from tasks_app.rounds import leases
from tasks_app.worker.heartbeat import Heartbeat
from tests.factories import lease_of, let_go, make_round
from tests.tasks_app.severed import sever

# Its thread has a connection of its own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

MANY = 20.0  # seconds after which a test gives up waiting


@dataclass
class Renewals:
    """The result of each renewal."""

    said: list[bool] = field(default_factory=list)
    came: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def wait(self) -> bool:
        """Wait for one more renewal; False where none comes."""
        return self.came.acquire(timeout=MANY)


@pytest.fixture
def renewed(monkeypatch: pytest.MonkeyPatch) -> Renewals:
    """Listen to the renewals, which go on as they are."""
    renewals, real = Renewals(), leases.lease_renew

    def spied(*, lease: leases.Lease) -> bool:
        renewals.said.append(real(lease=lease))
        renewals.came.release()
        return renewals.said[-1]

    monkeypatch.setattr("tasks_app.worker.heartbeat.lease_renew", spied)
    return renewals


def test_a_step_that_goes_on_keeps_its_lease(renewed: Renewals) -> None:
    row = make_round()
    lease = lease_of(row)
    soon = timezone.now() + timedelta(seconds=MANY)
    Round.objects.update(lease_until=soon)
    with Heartbeat(lease, seconds=MANY, overrun=pytest.fail, every=0.01):
        assert renewed.wait()
        assert renewed.wait()
    assert renewed.said[:2] == [True, True]
    row.refresh_from_db()
    assert row.lease_until > soon
    beats = len(renewed.said)
    assert not threading.Event().wait(0.05)
    assert len(renewed.said) == beats


def test_past_its_budget_a_step_is_renewed_no_more_and_its_process_ended(renewed: Renewals) -> None:
    lease = lease_of(make_round())
    ended = threading.Event()
    with Heartbeat(lease, seconds=0.05, overrun=ended.set, every=0.01):
        assert ended.wait(MANY)
        beats = len(renewed.said)
        assert not threading.Event().wait(0.05)
        assert len(renewed.said) == beats


def test_a_short_budget_is_not_overlooked_by_a_long_beat() -> None:
    ended = threading.Event()
    with Heartbeat(lease_of(make_round()), seconds=0.02, overrun=ended.set, every=MANY):
        assert ended.wait(MANY / 2)


def test_an_extension_of_the_budget_counts() -> None:
    ended = threading.Event()
    heartbeat = Heartbeat(lease_of(make_round()), seconds=0.3, overrun=ended.set, every=0.01)
    heartbeat.allow(MANY)
    with heartbeat:
        assert not ended.wait(0.6)
        heartbeat.allow(0.01)  # takes nothing away
        assert not ended.wait(0.1)


@pytest.mark.parametrize("error", [LeaseLost, TypeError("an error of our own")], ids=["fenced", "own"])
def test_what_is_to_be_done_beside_is_done_at_each_beat_whatever_becomes_of_it(
    error: type[LeaseLost] | TypeError,
) -> None:
    twice = threading.Semaphore(0)

    def failing() -> None:
        twice.release()
        raise error

    with Heartbeat(lease_of(make_round()), seconds=MANY, overrun=pytest.fail, every=0.01) as heartbeat:
        heartbeat.at_each_beat(failing)
        assert twice.acquire(timeout=MANY)
        assert twice.acquire(timeout=MANY)


def test_a_lost_lease_is_not_renewed(renewed: Renewals) -> None:
    row = make_round()
    lease = lease_of(row)
    let_go(row)
    other = lease_of(row)
    until = row.lease_until
    with Heartbeat(lease, seconds=MANY, overrun=pytest.fail, every=0.01):
        assert renewed.wait()
    row.refresh_from_db()
    assert (row.lease_token, row.lease_until) == (other.token, until)
    assert not any(renewed.said)


def test_a_database_that_is_away_for_a_beat_does_not_end_the_beating(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = threading.Semaphore(0)

    def away(*, lease: leases.Lease) -> bool:
        twice.release()
        raise OperationalError("away")

    monkeypatch.setattr("tasks_app.worker.heartbeat.lease_renew", away)
    with Heartbeat(lease_of(make_round()), seconds=MANY, overrun=pytest.fail, every=0.01):
        assert twice.acquire(timeout=MANY)
        assert twice.acquire(timeout=MANY)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="there is no line to a file")
def test_a_cut_connection_is_opened_again_for_the_next_beat(renewed: Renewals) -> None:
    lease = lease_of(make_round())
    with Heartbeat(lease, seconds=MANY, overrun=pytest.fail, every=0.01):
        assert renewed.wait()
        sever()
        for _ in range(4):
            assert renewed.wait()
    connection.close()
    assert renewed.said[-3:] == [True] * 3
