"""A step that hangs, in whatever way: its lease is lost, its process is ended, and another one takes the round."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.chaos.repositories import callbacks, commits
from tests.doubles.http_server import HttpServer, Script
from tests.processes import alive, wait_for
from tests.service import ROOT, Service, task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc"),
]

# Python reads this in every process of the service: the first call for a plan, or for a page, hangs, and budgets are
# short. https://docs.python.org/3/library/site.html#module-sitecustomize
HANGING = """
import os, re, time
from pathlib import Path
from engine.adapters.simulated_author import SimulatedAuthor
from engine.domain import budget
from engine.prompts.plan import asks_for_plan

budget.FLOORS |= dict.fromkeys(budget.FLOORS, 1.0)
budget.SHORTEST_MODEL_CALL = 0.5
write, mark = SimulatedAuthor.write, Path(__file__).with_name("unresponsive")

def swallow():
    while True:
        try:
            time.sleep(600)
        except BaseException:
            pass

def hang(author, messages, **options):
    if asks_for_plan(messages) == {plan} and not mark.exists():
        mark.write_text(str(os.getpid()))
        {how}
    return write(author, messages, **options)

SimulatedAuthor.write = hang
"""

SLEEPS = "time.sleep(600)"
SWALLOWS = "swallow()"
SPINS = 're.match(r"(a+)+$", "a" * 60 + "b")'  # in C, and nobody else gets the interpreter


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    stack = ExitStack()

    def start(how: str, *, plan: bool = False, **environment: str) -> Service:
        (tmp_path / "sitecustomize.py").write_text(HANGING.replace("{how}", how).replace("{plan}", str(plan)))
        path = f"{tmp_path}{os.pathsep}{ROOT}"
        service = Service(tmp_path, workers=2, PYTHONPATH=path, LEASE_SECONDS="3", **environment)
        return stack.enter_context(service).start().until_whole()

    with stack:
        yield start


def unresponsive_process(folder: Path) -> int:
    mark = folder / "unresponsive"
    assert wait_for(lambda: mark.exists() and mark.read_text(), 20)
    return int(mark.read_text())


def the_round_is_taken_by_another(service: Service, folder: Path, seconds: float) -> None:
    with HttpServer({"/notify": Script()}) as evaluator:
        identity = service.post(task("unresponsive", 1, "unresponsive", evaluator.url("/notify")))
        victim = unresponsive_process(folder)
        assert alive(victim)
        status = service.completes(identity, seconds)
        heard = callbacks(evaluator.asked)
    assert (status["live"], status["degraded"]) == (True, False), status
    assert service.rows("SELECT claims FROM tasks_app_steprun WHERE step = 'generate'") == [(2,)]
    assert wait_for(lambda: not alive(victim), 30)
    service.until_whole(60)
    ((_, made),) = commits(service.data).items()
    assert [round_id for _, round_id in made] == [identity]
    assert [len(calls) for calls in heard.values()] == [1]


@pytest.mark.parametrize(
    ("how", "plan"), [(SLEEPS, True), (SWALLOWS, False)], ids=["sleeps over the plan", "swallows every exception"]
)
def test_a_step_past_its_budget(hanging: Callable[..., Service], tmp_path: Path, how: str, *, plan: bool) -> None:
    service = hanging(how, plan=plan, ROUND_DEADLINE_SECONDS="60")
    the_round_is_taken_by_another(service, tmp_path, 120)
    assert "its step is past its budget" in service.log.read_text()


def test_a_step_that_spins_in_c_and_lets_no_heartbeat_run(hanging: Callable[..., Service], tmp_path: Path) -> None:
    service = hanging(SPINS)
    the_round_is_taken_by_another(service, tmp_path, 90)
    assert ("unresponsive worker killed",) in service.rows("SELECT what FROM tasks_app_event")


# Seconds without a sign of life; they stand last among the defaults.
IMPATIENT = """
from tasks_app.processes.supervisor import Patience
Patience.__init__.__defaults__ = (*Patience.__init__.__defaults__[:-1], 6.0)
"""


@pytest.mark.parametrize("role", ["dispatcher", "cluster main", "sentinel", "web master"])
def test_a_process_that_is_stopped_is_restarted(tmp_path: Path, role: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(IMPATIENT)
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    with Service(tmp_path, workers=2, PYTHONPATH=path) as service, HttpServer({"/notify": Script()}) as evaluator:
        service.start().until_whole()
        (frozen,) = service.roles()[role]
        os.kill(frozen, signal.SIGSTOP)
        identity = service.post(task("frozen", 1, "frozen", evaluator.url("/notify")))
        assert wait_for(lambda: not alive(frozen), 30), service.table()
        assert service.completes(identity, 60)["live"]
        service.until_whole(60)
        program = {"dispatcher": "dispatcher", "web master": "web"}.get(role, "cluster")
        assert (f"{program} restarted",) in service.rows("SELECT what FROM tasks_app_event")
        assert "gave no sign of life for" in service.log.read_text()
