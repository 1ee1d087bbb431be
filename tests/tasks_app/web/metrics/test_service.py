"""The metrics of the service: its parts, its workers, its breakers, GitHub's limit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from engine.errors import OutOfService
from tasks_app.models import ForgeQuota, WorkerBeat
from tasks_app.operations.breakers import breaker_trip, pause
from tasks_app.operations.workers import worker_beat
from tests.factories import make_round
from tests.tasks_app.web.metrics.rows import ago
from tests.tasks_app.web.metrics.scrape import families, value, values

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db


def test_readiness_is_shown_by_part_and_status() -> None:
    assert value("engine_ready") == 0
    assert values("engine_part_status")["workers down"] == 1
    worker_beat(worker="supervisor:dispatcher")
    make_round(next_at=ago(seconds=61))
    assert value("engine_ready") == 1
    found = values("engine_part_status")
    assert (found["workers ok"], found["workers warning"], found["workers down"]) == (1, 0, 0)
    assert (found["queue ok"], found["queue warning"], found["queue down"]) == (0, 1, 0)
    assert sum(found.values()) == 9


def test_processes_with_a_recent_beat_are_alive() -> None:
    for worker in ("a:dispatcher", "a:1", "b:2"):
        worker_beat(worker=worker)
    WorkerBeat.objects.filter(worker="b:2").update(seen_at=ago(seconds=31))
    assert value("engine_workers_alive") == 2


def test_open_breakers_are_counted_by_kind() -> None:
    breaker_trip(error=OutOfService("model_quota_spent", "The quota is spent.", kind="model"))
    breaker_trip(error=OutOfService("forge_limit_spent", "Spent.", kind="forge", until=ago(seconds=1)))
    assert values("engine_breaker_open") == {"forge": 0, "intake": 0, "model": 1, "publishing": 0}
    pause(kind="intake", who="ada")
    assert values("engine_breaker_open") == {"forge": 0, "intake": 1, "model": 1, "publishing": 0}


def test_the_rest_of_githubs_limit_is_shown_if_it_is_known(settings: SettingsWrapper) -> None:
    names = {"engine_forge_calls_limit", "engine_forge_calls_left", "engine_forge_limit_reset_timestamp_seconds"}
    settings.FORGE = "github"
    assert not names & set(families())
    reset = datetime(2026, 3, 1, 12, tzinfo=UTC)
    ForgeQuota.objects.create(pk=1, limit=5_000, remaining=4_321, reset_at=reset)
    assert {name: value(name) for name in names} == {
        "engine_forge_calls_limit": 5_000,
        "engine_forge_calls_left": 4_321,
        "engine_forge_limit_reset_timestamp_seconds": 1_772_366_400,
    }
    settings.FORGE = "local"
    assert not names & set(families())
