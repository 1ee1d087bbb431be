"""A worker is killed between the forge's change of a page and the row: another one finishes it, once."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.doubles.http_server import HttpServer, Script
from tests.processes import status_of, wait_for
from tests.service import ROOT, Web, task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the state of a process is read in /proc"),
]

EVENTS = "SELECT what FROM tasks_app_event WHERE what LIKE '%page%' OR what LIKE 'takedown%' ORDER BY id"
ROW = "SELECT down_at IS NOT NULL, back_at IS NOT NULL, next_at IS NOT NULL FROM tasks_app_takedown"


class Killed(Web):
    """The web alone, and processes of the test's own that drive rounds and takedowns."""

    @contextmanager
    def driver(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        env = {**self._environment, "DJANGO_SETTINGS_MODULE": "tasks_app.settings"}
        process = subprocess.Popen([sys.executable, "-m", "tests.chaos.driver", *arguments], cwd=ROOT, env=env)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def drives(self, *arguments: str) -> None:
        with self.driver(*arguments) as process:
            assert process.wait(60) == 0

    def killed_after(self, method: str, identity: str) -> None:
        """Ask for a takedown or its end, and kill the process that does it when the forge has done it."""
        with self.driver(identity, f"forge.{method}", "after") as process:
            assert wait_for(lambda: status_of(process.pid)[1] == "T", 60), process.poll()
            os.kill(process.pid, signal.SIGKILL)

    def claims_expire(self) -> None:
        with closing(sqlite3.connect(self.data / "db.sqlite3", timeout=20)) as connection, connection:
            connection.execute("UPDATE tasks_app_takedown SET next_at = asked_at WHERE next_at IS NOT NULL")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Killed]:
    with Killed(tmp_path) as running:
        yield running.start().until_whole()


def test_a_takedown_and_its_end_outlive_the_worker_that_did_it(web: Killed) -> None:
    with HttpServer({"/notify": Script()}) as evaluator:
        identity = web.post(task("gone", 1, "gone", evaluator.url("/notify")))
        web.drives(identity)
        page = web.completes(identity, 5)["pages_url"]
    assert httpx2.get(page, trust_env=False).status_code == 200

    web.killed_after("take_down", identity)
    assert httpx2.get(page, trust_env=False).status_code == 410
    assert web.rows(ROW) == [(0, 0, 1)]
    web.drives("takedowns")
    assert web.rows(ROW) == [(0, 0, 1)], "its claim holds"
    web.claims_expire()
    for _ in range(2):
        web.drives("takedowns")
        assert web.rows(ROW) == [(1, 0, 0)]
    assert httpx2.get(page, trust_env=False).status_code == 410

    web.killed_after("put_back", identity)
    assert web.rows(ROW) == [(1, 0, 1)]
    web.claims_expire()
    for _ in range(2):
        web.drives("takedowns")
        assert web.rows(ROW) == [(1, 1, 0)]
    assert httpx2.get(page, trust_env=False).status_code == 200
    events = [what for (what,) in web.rows(EVENTS)]
    assert events == ["takedown asked", "page taken down", "page to be put back", "page put back"]
