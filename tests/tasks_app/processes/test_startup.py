from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from engine.errors import OutOfService
from tasks_app.keys import kept_key
from tasks_app.operations.breakers import PAUSES, breaker_trip, breakers_open, pause
from tasks_app.processes import startup

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture(autouse=True)
def _place(settings: SettingsWrapper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr("tasks_app.processes.startup.connections.close_all", lambda: None)


@pytest.mark.django_db
def test_a_login_is_made_once_and_its_password_kept(settings: SettingsWrapper, tmp_path: Path) -> None:
    settings.ADMIN_PASSWORD, settings.ADMIN_USERNAME = "", "operator"
    startup.prepare(migrate=True)
    file = tmp_path / "admin_password"
    password = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(password) >= 12
    user = get_user_model().objects.get()
    assert user.get_username() == "operator"
    assert user.is_superuser
    assert user.check_password(password)
    startup.prepare(migrate=True)
    assert get_user_model().objects.count() == 1
    assert file.read_text() == password


@pytest.mark.django_db
def test_a_password_that_is_set_is_used_and_written_nowhere(
    settings: SettingsWrapper, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ADMIN_PASSWORD = "the-operators-own"
    with caplog.at_level("INFO"):
        startup.prepare(migrate=False)
    assert get_user_model().objects.get().check_password("the-operators-own")
    assert not list(tmp_path.iterdir())
    assert "the-operators-own" not in caplog.text


@pytest.mark.django_db
def test_a_login_that_somebody_made_is_left_alone(settings: SettingsWrapper) -> None:
    get_user_model().objects.create_superuser("somebody", password="x")
    settings.ADMIN_PASSWORD = "another"
    startup.prepare(migrate=False)
    assert [user.get_username() for user in get_user_model().objects.all()] == ["somebody"]


@pytest.mark.django_db
def test_a_start_gives_what_was_closed_off_a_fresh_chance() -> None:
    breaker_trip(error=OutOfService("refused", "The key was refused.", kind="model"))
    startup.prepare(migrate=False)
    assert breakers_open() == {}


@pytest.mark.django_db
def test_a_start_ends_no_pause_of_an_operator() -> None:
    breaker_trip(error=OutOfService("refused", "The key was refused.", kind="model"))
    for kind in PAUSES:
        pause(kind=kind, who="ada")
    startup.prepare(migrate=False)
    assert {kind: row.opened_by for kind, row in breakers_open().items()} == dict.fromkeys(PAUSES, "ada")


def test_the_warnings_name_what_an_operator_should_know(settings: SettingsWrapper) -> None:
    settings.MISSING = ["SECRET is not set."]
    settings.SECRETS, settings.LLM_PROVIDER = {"GITHUB_TOKEN": "short", "SECRET": ""}, "simulated"
    text = "\n".join(startup.warnings())
    assert all(word in text for word in ("SECRET is not set.", "GITHUB_TOKEN", "simulated"))
    assert "short" not in text.replace("shorter", "").replace("too short", "")


def test_a_key_is_made_once_even_when_many_start_together(tmp_path: Path) -> None:
    file = tmp_path / "key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda number: kept_key(file, lambda: f"key-{number}"), range(8)))
    assert keys == {file.read_text()}
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.django_db
def test_a_database_of_another_version_is_refused_with_a_sentence() -> None:
    MigrationRecorder(connection).record_applied("tasks_app", "0018_request_plan")
    with pytest.raises(SystemExit, match=r"made by another version of the service \(migration 0018_request_plan\)"):
        startup.prepare(migrate=True)
