"""The clock that all machines share."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from tasks_app.operations import clock
from tasks_app.operations.clock import FRESH
from tests.parts.postgresql import postgresql

ROOT = Path(__file__).resolve().parents[3]
MINUTES = timedelta(minutes=5)


class Database:
    """A database whose clock is `ahead` of this machine's."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead, self.asked, self.down = ahead, 0, False

    def says(self) -> datetime:
        self.asked += 1
        if self.down:
            raise OperationalError("away")
        return datetime.now(UTC) + self.ahead


class Ticks:
    """The ticks of a machine, which a test lets pass."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("tasks_app.operations.clock.time.clock_gettime", lambda _: self.now)


def compared(monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> tuple[clock._Comparison, Database]:
    database = Database(ahead)
    monkeypatch.setattr("tasks_app.operations.clock._database_time", database.says)
    return clock._Comparison(), database


@pytest.mark.parametrize("ahead", [MINUTES, -MINUTES])
def test_a_clock_that_is_wrong_by_minutes_is_put_right(monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    comparison, _ = compared(monkeypatch, ahead)
    assert abs(comparison.ahead() - ahead) < timedelta(seconds=1)


@pytest.mark.parametrize("ahead", [timedelta(milliseconds=800), -timedelta(milliseconds=800), timedelta()])
def test_clocks_that_agree_to_the_second_are_left_alone(monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    comparison, database = compared(monkeypatch, ahead)
    assert comparison.ahead() == timedelta()
    assert database.asked == 1


def test_the_database_is_asked_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = Ticks(monkeypatch)
    comparison, database = compared(monkeypatch, MINUTES)
    for _ in range(5):
        comparison.ahead()
    assert database.asked == 1
    ticks.now += FRESH
    comparison.ahead()
    assert database.asked == 2


def test_a_database_that_does_not_answer_leaves_what_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = Ticks(monkeypatch)
    comparison, database = compared(monkeypatch, MINUTES)
    comparison.ahead()
    database.down = True
    ticks.now += FRESH
    shift(monkeypatch, timedelta(seconds=FRESH))  # as much time has passed for the machine's own clock
    assert abs(comparison.ahead() - MINUTES) < timedelta(seconds=1)
    assert database.asked == 2


def test_a_machine_of_which_nothing_is_known_goes_by_its_own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    comparison, database = compared(monkeypatch, MINUTES)
    database.down = True
    assert comparison.ahead() == timedelta()


def test_a_clock_that_somebody_sets_right_meanwhile_is_not_put_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    comparison, database = compared(monkeypatch, MINUTES)
    comparison.ahead()
    shift(monkeypatch, MINUTES)
    assert comparison.ahead() == timedelta()
    assert database.asked == 1


def shift(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Set the machine's clock."""

    class Shifted(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + by

    monkeypatch.setattr("tasks_app.operations.clock.datetime", Shifted)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite has no clock of its own")
def test_with_sqlite_the_machines_clock_is_the_databases(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert abs(clock.now() - timezone.now()) < timedelta(seconds=1)


# --- Two machines -----------------------------------------------------------------------------------------------------

HOUR = 3600


def machine(url: str, shift: int, *acts: str) -> list[dict[str, object]]:
    """Run acts (tests/machine.py) in a process whose clock is wrong by `shift` seconds; return the result of each."""
    environment = {**os.environ, "TEST_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-m", "tests.machine", str(shift), *acts]
    done = subprocess.run(
        command, cwd=ROOT, env={**environment, "LEASE_SECONDS": "600"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.processes
@pytest.mark.slow
def test_a_machine_whose_clock_is_wrong_neither_steals_a_lease_nor_loses_its_own() -> None:
    with postgresql() as server:
        url = server.database()
        _, _, _, mine = machine(url, 0, "migrate", "post:held", "post:lost", "claim:held")
        assert mine["claimed"]
        log, fast, _ = machine(url, HOUR, "log", "claim:held", "post:later")
        assert re.search(r"is 36\d\d\.\d s ahead of the database's", str(log["log"])), log
        assert (fast["claimed"], fast["due"]) == (False, ["lost"])
        (slow,) = machine(url, -HOUR, "claim:lost")
        assert slow["claimed"]
        assert 500 < float(str(slow["lease_left"])) <= 600
        stolen, later = machine(url, 0, "claim:lost", "claim:later")
        assert (stolen["claimed"], stolen["due"]) == (False, ["later"])
        assert later["claimed"], "what a fast machine took is due at once"
