"""A process that is paused past its lease, at every outside effect: another one finishes the round, and what wakes up
changes nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.chaos.repositories import callbacks, commits
from tests.doubles.http_server import HttpServer, Script
from tests.processes import status_of, wait_for
from tests.service import ROOT, Web, task

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the state of a process is read in /proc"),
]

LEASE_SECONDS = 3
LAPSED = "SELECT 1 FROM tasks_app_round WHERE id = ? AND lease_until < strftime('%Y-%m-%d %H:%M:%f', 'now')"
#: The author writes the plan first, then the page.
POINTS = ("author.write:1", "author.write:2", "forge.create", "forge.commit", "forge.enable_pages", "notifier.send")


class Alone(Web):
    """The web alone: nobody drives but the test's own processes."""

    @contextmanager
    def driver(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        env = {**self._environment, "DJANGO_SETTINGS_MODULE": "tasks_app.settings"}
        command = [sys.executable, "-m", "tests.chaos.driver", *arguments]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of ours, less the beats: those say who lives and nothing of a round."""
        tables = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'tasks_app_%'")
        names = [name for (name,) in tables if name != "tasks_app_workerbeat"]
        assert len(names) > 10
        return {name: self.rows(f"SELECT * FROM {name} ORDER BY 1") for name in names}  # noqa: S608 -- names of ours


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    with Alone(tmp_path_factory.mktemp("fencing"), LEASE_SECONDS=str(LEASE_SECONDS)) as running:
        yield running.start().until_whole()


@pytest.fixture
def evaluator() -> Iterator[HttpServer]:
    with HttpServer({"/notify": Script()}) as server:
        yield server


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("point", POINTS)
def test_a_process_that_was_paused_past_its_lease_changes_nothing(
    web: Alone, evaluator: HttpServer, point: str, moment: str
) -> None:
    name = f"fence-{re.sub('[^a-z0-9]', '-', point)}-{moment}"
    identity = web.post(task(name, 1, name, evaluator.url("/notify")))
    with web.driver(identity, point, moment) as paused:
        assert wait_for(lambda: status_of(paused.pid)[1] == "T", 120), paused.poll()
        with web.driver(identity) as other:
            assert other.wait(60) == 0
        finished = web.everything()
        assert web.completes(identity, 5)["live"]
        os.kill(paused.pid, signal.SIGCONT)
        _, said = paused.communicate(timeout=120)
    assert "another process drives it by now" in said, said
    assert web.everything() == finished
    (made,) = (found for repository, found in commits(web.data).items() if repository.startswith(name))
    assert [round_id for _, round_id in made] == [identity]
    heard = callbacks(evaluator.asked)[name]
    assert len(heard) == (2 if point == "notifier.send" else 1)
    assert len(set(heard)) == 1


def test_it_changes_nothing_either_while_the_other_is_in_the_very_same_step(web: Alone, evaluator: HttpServer) -> None:
    identity = web.post(task("same-step", 1, "same-step", evaluator.url("/notify")))
    with web.driver(identity, "forge.enable_pages", "after") as first:
        assert wait_for(lambda: status_of(first.pid)[1] == "T", 120), first.poll()
        assert wait_for(lambda: web.rows(LAPSED, identity.replace("-", "")), 10 * LEASE_SECONDS)
        with web.driver(identity, "forge.enable_pages", "before") as second:
            assert wait_for(lambda: status_of(second.pid)[1] == "T", 120), second.poll()
            before = web.everything()
            os.kill(first.pid, signal.SIGCONT)
            _, said = first.communicate(timeout=120)
            assert "another process drives it by now" in said, said
            assert web.everything() == before
            os.kill(second.pid, signal.SIGCONT)
            assert second.wait(30) == 0
    assert web.completes(identity, 5)["live"]


def test_a_paused_process_that_wakes_within_its_lease_goes_on(web: Alone, evaluator: HttpServer) -> None:
    identity = web.post(task("nap", 1, "nap", evaluator.url("/notify")))
    with web.driver(identity, "forge.commit", "before") as paused:
        assert wait_for(lambda: status_of(paused.pid)[1] == "T", 120), paused.poll()
        os.kill(paused.pid, signal.SIGCONT)
        assert paused.wait(30) == 0
    assert web.completes(identity, 5)["live"]
