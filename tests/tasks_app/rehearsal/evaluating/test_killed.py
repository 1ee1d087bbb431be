"""The command, killed with -9 and stopped: the same command line goes on, and nothing is sent or judged twice."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.processes import wait_for
from tests.service import ROOT, bare_environment
from tests.tasks_app.rehearsal.evaluating.endpoints import SECRET, TEMPLATES, Endpoint

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doubles.http_server import Asked, Script

pytestmark = [pytest.mark.processes, pytest.mark.slow]


class LingeringEndpoint(Endpoint):
    """Takes its time to answer, so that a kill meets a POST under way."""

    def answer(self, asked: Asked) -> Script:
        script = super().answer(asked)
        time.sleep(0.5)
        return script


class Evaluator:
    """The command with a folder of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder, self.log = folder, folder / "log"
        templates = folder / "templates.yaml"
        templates.write_text(TEMPLATES)
        self.command = (
            sys.executable, "-m", "tests.tasks_app.rehearsal.evaluating.quick_command",
            "--templates", str(templates), "--tasks", "2", *arguments,
        )  # fmt: skip
        self.environment = bare_environment(
            folder / "data", SECRET=SECRET, ALLOW_PRIVATE_URLS="1", BROWSERS="0", FORGE="local",
            LLM_PROVIDER="simulated",
        )  # fmt: skip

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            return subprocess.Popen(self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def said(self) -> str:
        return self.log.read_text()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "data/db.sqlite3", timeout=20)) as database:
            return database.execute(query).fetchall()


def assert_all_judged_once(evaluator: Evaluator, endpoint: Endpoint, tasks: int) -> None:
    assert len(endpoint.sent) == len(set(endpoint.sent)) == 2 * tasks, evaluator.said()
    # A try that was counted and never sent is counted once more when its deadline has passed.
    states = evaluator.rows("SELECT state, callback IS NOT NULL FROM tasks_app_issuedtask")
    assert states == [("judged", 1)] * 2 * tasks
    results = evaluator.rows("SELECT issued_id, count(*) FROM tasks_app_rehearsalresult GROUP BY issued_id")
    assert [count for _, count in results] == [2] * 2 * tasks
    ((number, ended),) = evaluator.rows("SELECT count(*), count(ended_at) FROM tasks_app_rehearsal")
    assert (number, ended) == (1, 1)


def test_killed_at_any_state_the_same_command_line_goes_on(tmp_path: Path) -> None:
    with LingeringEndpoint() as endpoint:
        evaluator = Evaluator(tmp_path, "--url", endpoint.url("/x"), "--at-a-time", "1", "--deadline", "12")
        moments = {
            "a POST is under way": lambda: len(endpoint.tasks) == 1,
            "a callback came": lambda: "called back" in evaluator.said(),
            "a POST of the other task is under way": lambda: len(endpoint.tasks) == 2,
            "one was judged": lambda: "judged, 1 of 1" in evaluator.said(),
            "a second round is under way": lambda: any(task["round"] == 2 for task in endpoint.tasks),
        }
        for moment, has_come in moments.items():
            process = evaluator.start()
            assert wait_for(has_come, 90), f"{moment}: {evaluator.said()}"
            assert process.poll() is None, f"{moment}: {evaluator.said()}"
            process.kill()
            process.wait()
        assert evaluator.start().wait(120) == 0, evaluator.said()
        assert_all_judged_once(evaluator, endpoint, tasks=2)
        assert SECRET not in evaluator.said()
        files = [file for file in (tmp_path / "data").rglob("*") if file.is_file()]
        assert all(SECRET.encode() not in file.read_bytes() for file in files)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_in_order_and_says_how_to_go_on(tmp_path: Path, number: signal.Signals) -> None:
    with LingeringEndpoint() as endpoint:
        evaluator = Evaluator(tmp_path, "--url", endpoint.url("/x"), "--name", "mine")
        process = evaluator.start()
        assert wait_for(lambda: endpoint.tasks, 60), evaluator.said()
        process.send_signal(number)
        assert process.wait(60) == 130
        assert "Go on with: manage.py rehearse --name 'mine'" in evaluator.said()
        assert "sending" not in {state for (state,) in evaluator.rows("SELECT state FROM tasks_app_issuedtask")}
        evaluator.command = (*evaluator.command[:3], "--name", "mine")
        assert evaluator.start().wait(120) == 0, evaluator.said()
        assert_all_judged_once(evaluator, endpoint, tasks=2)


def test_a_second_evaluator_of_the_same_rehearsal_is_refused(tmp_path: Path) -> None:
    with LingeringEndpoint(callbacks=lambda _: []) as endpoint:
        evaluator = Evaluator(tmp_path, "--url", endpoint.url("/x"))
        first = evaluator.start()
        assert wait_for(lambda: len(endpoint.tasks) == 2, 60), evaluator.said()
        assert evaluator.start().wait(60) == 1
        assert "is driven by another process" in evaluator.said()
        first.kill()
        first.wait()
        assert len(endpoint.tasks) == 2
