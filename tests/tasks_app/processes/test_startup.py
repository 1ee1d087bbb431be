from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from redis.exceptions import ConnectionError

from engine.errors import OutOfService
from tasks_app.keys import kept_key
from tasks_app.operations.breakers import PAUSES, breaker_trip, breakers_open, pause
from tasks_app.processes import startup
from tasks_app.redaction import redact
from tests.processes import free_port
from tests.service import ROOT, bare_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture(autouse=True)
def _place(settings: SettingsWrapper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATA_DIR, settings.SECRETS = tmp_path, dict(settings.SECRETS)
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
    assert redact(f"typed: {password}") == "typed: [admin_password]"
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


def test_a_start_waits_for_what_starts_at_the_same_time_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [1_000.0]
    monkeypatch.setattr(startup, "monotonic", lambda: now[0])
    monkeypatch.setattr(startup, "sleep", lambda _: None)
    answers = iter([ConnectionError("refused"), ConnectionError("refused"), None])

    def reach() -> None:
        now[0] += 1
        if error := next(answers):
            raise error

    startup._await(reach, "Redis")
    assert list(answers) == []
    assert caplog.messages == ["Redis does not answer yet; waiting for 59 s more"]
    monkeypatch.setattr(startup, "WAIT", timedelta())
    answers = iter([ConnectionError("refused"), None])
    with pytest.raises(ConnectionError):
        startup._await(reach, "Redis")


@pytest.mark.parametrize(
    "why", ['FATAL:  password authentication failed for user "u"', 'FATAL:  database "n" does not exist']
)
def test_a_start_does_not_wait_for_what_waiting_does_not_help(why: str) -> None:
    calls = []

    def reach() -> None:
        calls.append(1)
        raise OperationalError(why)

    with pytest.raises(OperationalError):
        startup._await(reach, "The database")
    assert calls == [1]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "is_ours"),
    [
        (RuntimeError("a row does not fit"), True),
        (IntegrityError("UNIQUE constraint failed: a row does not fit"), True),
        (OperationalError("disk I/O error: a row does not fit"), False),
    ],
    ids=["own", "constraint", "database"],
)
def test_a_migration_that_fails_is_named_and_an_error_of_our_own_keeps_its_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception, *, is_ours: bool
) -> None:
    def fail(*_: object, **__: object) -> None:
        MigrationRecorder(connection).record_unapplied(*newest)
        raise error

    [newest] = MigrationLoader(connection).graph.leaf_nodes("tasks_app")
    monkeypatch.setattr(startup, "call_command", fail)
    said = rf"The migration tasks_app\.{newest[1]} failed; .*a row does not fit"
    with pytest.raises(SystemExit, match=said) as ended:
        startup.prepare(migrate=True)
    assert ("cannot be used" in str(ended.value)) != is_ours
    assert ("Traceback" in caplog.text) == is_ours


@pytest.mark.django_db
def test_a_failed_migration_is_told_even_if_nobody_can_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("a missing parent")

    monkeypatch.setattr(startup, "call_command", fail)
    monkeypatch.setattr(startup, "MigrationExecutor", fail)
    with pytest.raises(SystemExit, match=r"^KeyError: 'a missing parent'\. The log has the traceback\.$"):
        startup.prepare(migrate=True)


@pytest.mark.django_db
def test_a_row_of_ours_that_breaks_a_constraint_is_not_called_an_unusable_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise IntegrityError("UNIQUE constraint failed")

    monkeypatch.setattr(startup, "_make_login", fail)
    with pytest.raises(IntegrityError):
        startup.prepare(migrate=False)


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize(
    ("raised", "said", "is_ours"),
    [
        ("IntegrityError('UNIQUE constraint failed')", "UNIQUE constraint failed", True),
        ("ProgrammingError('syntax error at or near x')", "syntax error", True),
        ("ProgrammingError('relation t does not exist')", "cannot be used: relation t does not exist.", False),
        ("OperationalError('no such table: t')", "It is not migrated: manage.py migrate.", False),
    ],
    ids=["constraint", "wrong query", "PostgreSQL is not migrated", "SQLite is not migrated"],
)
def test_only_what_an_operator_can_mend_ends_a_command_with_a_sentence(
    tmp_path: Path, raised: str, said: str, *, is_ours: bool
) -> None:
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path)}
    code = f"from django.db import IntegrityError, OperationalError, ProgrammingError; raise {raised}"
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert ("Traceback" in ended.stderr) == is_ours
    assert ("The database" in ended.stderr) != is_ours


def on_a_small_disk() -> None:
    """Let this process's files grow to 8 kB only, as if the disk were full then."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, 8_192))


slow = partial(pytest.param, marks=pytest.mark.slow)  # each starts the service; one is enough for every day


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize(
    ("over", "prepare", "limit", "said"),
    [
        pytest.param({"DATA_DIR": "{}/file"}, "", None, "DATA_DIR: ", id="data is a file"),
        slow({}, "corrupt", None, "db.sqlite3 cannot be used: file is not a database. Put a backup", id="corrupt"),
        slow({}, "", on_a_small_disk, "db.sqlite3 cannot be used: disk I/O error. Is its disk full", id="full"),
        slow({"DATABASE_URL": "sqlite:///{}/file/a"}, "", None, "DATABASE_URL: ", id="database below a file"),
        slow({"DATABASE_URL": "sqlite:///{}"}, "", None, "unable to open database file.", id="database is a folder"),
    ],
)
def test_a_start_that_cannot_be_ends_with_a_sentence(
    tmp_path: Path, over: dict[str, str], prepare: str, limit: Callable[[], None] | None, said: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "data").mkdir()
    if prepare:
        (tmp_path / "data" / "db.sqlite3").write_bytes(b"no database" * 100)
    settings = {"SECRET": "only-for-this-test", "FORGE": "local", "LLM_PROVIDER": "simulated", "BROWSERS": "0"}
    settings |= {name: value.format(tmp_path) for name, value in over.items()}
    # On a small disk Python would leave halves of its compiled files, which break whatever is started later.
    environment = bare_environment(tmp_path / "data", PYTHONDONTWRITEBYTECODE="1") | settings
    command = [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{free_port()}"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, preexec_fn=limit, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout


@pytest.mark.slow
@pytest.mark.processes
def test_a_command_without_a_database_ends_with_a_sentence_that_hides_the_password(tmp_path: Path) -> None:
    database = f"postgres://user:a-password-of-it@127.0.0.1:{free_port()}/name"
    environment = bare_environment(tmp_path, DATABASE_URL=database)
    command = [sys.executable, "manage.py", "migrate"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("The database name at 127.0.0.1:")
    assert "Traceback" not in ended.stderr
    assert "a-password-of-it" not in ended.stderr


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
