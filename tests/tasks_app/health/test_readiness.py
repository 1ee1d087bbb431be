from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.utils import InterfaceError, OperationalError
from django.test import Client
from django.utils import timezone
from django_q.conf import Conf

from engine.errors import OutOfService
from tasks_app.health import readiness
from tasks_app.health.browser_probe import LACKS_SANDBOX
from tasks_app.health.readiness import Part
from tasks_app.models import WorkerBeat
from tasks_app.operations.breakers import breaker_trip, pause
from tasks_app.operations.workers import worker_beat
from tests.factories import make_round

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

NAMES = ["settings", "database", "migrations", "queue", "workers", "browser", "model", "forge", "intake"]


def parts(status: int) -> dict[str, str]:
    response = Client().get("/readyz")
    assert response.status_code == status, response.content
    found = response.json()["parts"]
    assert sorted(part["name"] for part in found) == sorted(NAMES)
    assert all(part["detail"] for part in found if part["status"] != "ok")
    return {part["name"]: part["status"] for part in found}


@pytest.fixture
def _worker() -> None:
    worker_beat(worker="supervisor:dispatcher")


@pytest.mark.usefixtures("_worker")
def test_everything_is_named_and_a_missing_browser_is_only_a_warning() -> None:
    assert parts(200) == dict.fromkeys(NAMES, "ok") | {"browser": "warning"}


@pytest.mark.usefixtures("_worker")
@pytest.mark.parametrize(
    ("found", "status", "said"),
    [
        ({"problem": "", "warning": ""}, "ok", ""),
        ({"problem": "no sandbox"}, "warning", "Checks in the browser are not run: no sandbox."),
        ({"problem": "", "warning": LACKS_SANDBOX}, "warning", LACKS_SANDBOX),
    ],
)
def test_a_browser_that_cannot_be_used_or_lacks_its_sandbox_is_named(
    settings: SettingsWrapper, tmp_path: Path, found: dict[str, str], status: str, said: str
) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "browser.json").write_text(json.dumps(found))
    assert Part("browser", status, said) in readiness.parts()
    assert Part("browser", status, said) in readiness.outside_services()  # on the console's front page


@pytest.mark.usefixtures("_worker")
def test_a_missing_setting_is_down(settings: SettingsWrapper) -> None:
    settings.MISSING, settings.FORGE = ["No forge: set GITHUB_TOKEN."], ""
    found = parts(503)
    assert (found["settings"], found["forge"], found["model"]) == ("down", "down", "ok")


@pytest.mark.usefixtures("_worker")
def test_a_disk_without_room_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=7_000_000))
    assert parts(503)["database"] == "down"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="a lock on SQLite's file")
@pytest.mark.usefixtures("_worker")
def test_a_database_that_another_process_keeps_locked_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_app.health.readiness.LOCKED_MILLISECONDS", 10)
    assert parts(200)["database"] == "ok"
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name, isolation_level=None, uri=True)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert parts(503)["database"] == "down"
        other.execute("ROLLBACK")
    assert parts(200)["database"] == "ok"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="a session of PostgreSQL that only reads")
@pytest.mark.usefixtures("_worker")
def test_a_server_that_takes_no_writes_is_down() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        assert parts(503)["database"] == "down"
        cursor.execute("SET default_transaction_read_only = off")
    assert parts(200)["database"] == "ok"


@pytest.mark.usefixtures("_worker")
def test_a_broker_that_does_not_answer_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "ORM", None)
    monkeypatch.setattr(Conf, "REDIS", "redis://127.0.0.1:9")
    assert parts(503)["queue"] == "down"


def test_workers_without_a_recent_beat_are_down() -> None:
    assert parts(503)["workers"] == "down"
    worker_beat(worker="supervisor:dispatcher")
    WorkerBeat.objects.update(seen_at=timezone.now() - timedelta(seconds=31))
    assert parts(503)["workers"] == "down"


@pytest.mark.usefixtures("_worker")
@pytest.mark.parametrize("kind", ["model", "forge"])
def test_an_open_breaker_is_a_warning(kind: str) -> None:
    breaker_trip(error=OutOfService("quota", "The quota is spent.", kind=kind))
    assert parts(200)[kind] == "warning"


@pytest.mark.usefixtures("_worker")
def test_a_round_that_nobody_rings_is_named() -> None:
    make_round(next_at=timezone.now() - timedelta(seconds=61))
    assert parts(200)["queue"] == "warning"


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_down_leaves_every_part_named(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise error("no connection to host with password hunter2")

    monkeypatch.setattr(CursorWrapper, "execute", fail)
    found = parts(503)
    down = {name for name, status in found.items() if status == "down"}
    assert down == {"database", "migrations", "queue", "workers"}
    assert "hunter2" not in Client().get("/readyz").content.decode()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_missing_migrations_are_named_and_not_the_database() -> None:
    call_command("migrate", "tasks_app", "zero", verbosity=0)
    try:
        found = parts(503)
        assert (found["database"], found["migrations"]) == ("ok", "down")
    finally:
        call_command("migrate", verbosity=0)
    assert "tasks_app_round" in connection.introspection.table_names()


def test_health_needs_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CursorWrapper, "execute", None)
    assert Client().get("/healthz").status_code == 200


@pytest.mark.usefixtures("_worker")
@pytest.mark.parametrize(("outage", "paused", "part"), [("forge", "publishing", "forge"), ("model", "model", "model")])
def test_a_pause_hides_no_outage(outage: str, paused: str, part: str) -> None:
    pause(kind=paused, who="ada")
    breaker_trip(error=OutOfService("quota", "The quota is spent.", kind=outage))
    for found in (readiness.parts(), readiness.outside_services()):
        detail = next(one.detail for one in found if one.name == part)
        assert "The quota is spent." in detail
        assert "paused by an operator" in detail
