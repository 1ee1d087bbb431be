"""`make rehearsal`: what counts as done, and the whole of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tasks_app.rehearsal import demo, own_rehearsal

if TYPE_CHECKING:
    from pathlib import Path


def test_every_round_that_was_not_called_back_or_judged_is_counted(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as database, database:
        database.executescript("""
            CREATE TABLE tasks_app_rehearsal (id, name);
            CREATE TABLE tasks_app_submission (id, rehearsal_id);
            CREATE TABLE tasks_app_issuedtask (submission_id, callback_at, judged_at);
            INSERT INTO tasks_app_rehearsal VALUES (1, 'mine'), (2, 'other');
            INSERT INTO tasks_app_submission VALUES (1, 1), (2, 2);
            INSERT INTO tasks_app_issuedtask VALUES (1, 'x', 'x'), (1, NULL, 'x'), (2, 'x', 'x');
        """)
    running: Any = SimpleNamespace(data=tmp_path)
    expected = "2 of 6 rounds were issued; 1 of 6 rounds were called back; 2 of 6 rounds were judged"
    assert own_rehearsal.unfinished(running, "mine") == expected


@pytest.mark.processes
@pytest.mark.slow
def test_this_service_is_rehearsed_judged_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "DATA", tmp_path)
    assert own_rehearsal.main() == 0
    said = capfd.readouterr().out
    assert said.count(": judged, ") == 6
    assert "All 6 rounds of 3 tasks were issued, called back and judged." in said
    assert "simulated here: the model" in said
