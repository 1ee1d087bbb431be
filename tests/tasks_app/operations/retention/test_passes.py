"""How old things are removed: a part at a time, found by an index, until the service stops."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from tasks_app.models import CheckResult, Event, Round
from tasks_app.operations import retention
from tasks_app.operations.removals import PROMPTS, ROUNDS, SCREENSHOTS
from tests.factories import dump
from tests.tasks_app.operations.retention.past import PAGE, ago, ended, prune

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db


def test_without_settings_everything_is_kept(settings: SettingsWrapper) -> None:
    settings.KEEP_SCREENSHOTS_DAYS = settings.KEEP_PROMPTS_DAYS = settings.KEEP_ROUNDS_DAYS = 0
    ended(4000)
    ended(3000, round=2)
    before = dump()
    assert prune() == {}
    assert dump() == before
    assert not retention.is_asked_for()


@pytest.mark.slow
def test_it_can_be_interrupted_and_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(25):
        ended(50, task=f"t{number}")
        ended(40, task=f"t{number}", round=2)
    batches = retention.prune()
    assert next(batches).rows == 100
    batches.close()
    assert CheckResult.objects.filter(screenshot__isnull=False).count() == 0
    assert Round.objects.count() == 50
    gone = [batch for batch in retention.prune() if batch.name == ROUNDS.name]
    assert [batch.rows for batch in gone] == [20, 5]
    assert all(batch.size > len(PAGE) for batch in gone)
    assert prune() == {}


def test_what_cannot_be_removed_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    ended(50)
    ended(40, round=2)
    monkeypatch.setattr("tasks_app.operations.removals.ENDED", frozenset())
    assert prune()[ROUNDS.name] == 1
    assert Round.objects.count() == 2


def test_the_service_removes_a_bounded_part_at_a_time_and_writes_it_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_app.operations.retention.MOST_BATCHES", 2)
    monkeypatch.setattr("tasks_app.operations.retention.BREATH", 0)
    ended(50)
    ended(40, round=2)
    retention._pass(lambda: False)
    assert Round.objects.count() == 2
    retention._pass(lambda: False)
    assert Round.objects.count() == 1
    written = Event.objects.filter(what="old things removed").order_by("pk").values_list("text", flat=True)
    assert list(written) == ["4 screenshots, 4 prompts, replies and files that were not chosen", "1 rounds"]
    retention._pass(lambda: False)
    assert len(written.all()) == 2


def test_a_service_that_stops_stops_removing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_app.operations.retention.EVERY", 0.0)
    monkeypatch.setattr("tasks_app.operations.retention.connections.close_all", lambda: None)
    stop, passes = threading.Event(), []

    def once(breathe: object) -> None:
        passes.append(breathe)
        stop.set()

    monkeypatch.setattr("tasks_app.operations.retention._pass", once)
    retention.keep_pruning(stop)
    assert len(passes) == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")
@pytest.mark.parametrize(
    ("removal", "index"), [(SCREENSHOTS, "screenshot_kept"), (PROMPTS, "attempt_whole"), (ROUNDS, "round_ended")]
)
def test_what_is_old_is_found_by_an_index(removal: object, index: str) -> None:
    plan = removal.old(ago(1)).order_by(removal.by, "pk")[:100].explain()
    assert index in plan
    assert not [line for line in plan.splitlines() if "SCAN" in line and index not in line]
