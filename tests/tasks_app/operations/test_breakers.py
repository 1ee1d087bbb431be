from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from engine.errors import OutOfService
from tasks_app.models import Breaker, Event
from tasks_app.operations.breakers import breaker_close, breaker_trip, breakers_open
from tests.factories import SECRET, lease_of, make_round

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def trip(kind: str = "model", until: timedelta | None = None) -> None:
    moment = timezone.now() + until if until else None
    breaker_trip(error=OutOfService("quota", f"The quota of {SECRET} is spent.", kind=kind, until=moment))


def test_tripping_twice_is_one_open_breaker_and_one_event() -> None:
    trip()
    trip()
    assert Breaker.objects.count() == Event.objects.count() == 1
    assert set(breakers_open()) == {"model"}
    trip("forge")
    assert set(breakers_open()) == {"model", "forge"}


def test_a_breaker_with_a_time_closes_by_itself_and_can_trip_again() -> None:
    trip(until=HOUR)
    assert set(breakers_open()) == {"model"}
    assert breakers_open(now=timezone.now() + 2 * HOUR) == {}
    Breaker.objects.update(until=timezone.now() - HOUR)
    trip()
    assert Breaker.objects.filter(closed_at=None).count() == 1
    assert Breaker.objects.get(closed_by="time").closed_at


def test_closing_wakes_the_rounds_that_waited_for_it() -> None:
    later = timezone.now() + HOUR
    held = make_round(step="generate", state="waiting", next_at=later)
    elsewhere = make_round(step="notify", state="waiting", next_at=later)
    driven = make_round(step="generate")
    lease_of(driven)
    trip()
    assert breaker_close(kind="model", who="operator")
    assert breakers_open() == {}
    for row in (held, elsewhere, driven):
        row.refresh_from_db()
    assert held.next_at <= timezone.now()
    assert elsewhere.next_at == later
    assert driven.lease_token
    assert Breaker.objects.get().closed_by == "operator"
    assert [event.who for event in Event.objects.filter(what="breaker closed")] == ["operator"]


def test_closing_what_is_not_open_changes_nothing() -> None:
    assert not breaker_close(kind="model", who="operator")
    assert not Event.objects.exists()


def test_the_reason_holds_no_secret() -> None:
    trip()
    assert SECRET not in Breaker.objects.get().reason + Event.objects.get().text
