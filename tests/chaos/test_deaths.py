"""One death at a time: whatever is killed, it is there again, and the next round completes."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.doubles.http_server import HttpServer, Script
from tests.processes import alive, is_free, wait_for
from tests.roles import ROLES
from tests.service import Service, task

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc"),
]

#: `serve` is another matter: nothing is left to bring it back.
RESTARTED = [role for role in ROLES if role not in ("serve", "busy worker")]

#: What ends with what is killed.
BELOW = {
    "web master": ("web master", "web worker"),
    "cluster main": ("cluster main", "sentinel", "idle worker", "monitor", "pusher"),
    "sentinel": ("cluster main", "sentinel", "idle worker", "monitor", "pusher"),
}


@pytest.fixture(scope="module")
def evaluator() -> Iterator[HttpServer]:
    with HttpServer({"/notify": Script()}) as server:
        yield server


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("deaths"), workers=2, SIMULATED_LLM_SECONDS="1") as running:
        yield running.start().until_whole()


def a_round_completes(service: Service, evaluator: HttpServer, name: str, seconds: float = 25) -> None:
    identity = service.post(task(name, 1, name, evaluator.url("/notify")))
    assert service.completes(identity, seconds)["live"]


@pytest.mark.parametrize("role", RESTARTED)
def test_what_is_killed_comes_back_and_the_next_round_completes(
    service: Service, evaluator: HttpServer, role: str
) -> None:
    service.until_whole()
    before = service.roles()
    os.kill(before[role][0], signal.SIGKILL)
    a_round_completes(service, evaluator, f"after-{role.replace(' ', '-')}")
    service.until_whole(60)
    after = service.roles()
    for gone in BELOW.get(role, ()):
        assert not set(before[gone]) & set(after[gone]), (gone, before, after)
    assert before[role][0] not in after[role]
    assert after["serve"] == before["serve"]


def test_every_idle_worker_at_once(service: Service, evaluator: HttpServer) -> None:
    service.until_whole()
    for pid in service.roles()["idle worker"]:
        os.kill(pid, signal.SIGKILL)
    a_round_completes(service, evaluator, "after-all-idle")
    service.until_whole(60)


def test_the_round_of_a_killed_worker_is_done_by_another_at_once(service: Service, evaluator: HttpServer) -> None:
    service.until_whole()
    identity = service.post(task("busy", 1, "busy", evaluator.url("/notify")))
    assert wait_for(lambda: service.roles()["busy worker"], 30), service.tail()
    (victim,) = service.roles()["busy worker"]
    os.kill(victim, signal.SIGKILL)
    assert service.completes(identity, 60)["live"]  # a lease is 60 s: it was freed and did not run out
    service.until_whole(60)


def test_a_cluster_that_lives_and_takes_no_rounds_is_restarted(service: Service, evaluator: HttpServer) -> None:
    service.until_whole()
    before = service.roles()
    for pid in before["idle worker"]:
        os.kill(pid, signal.SIGSTOP)  # one of them holds the lock of the queue, which no death frees
    a_round_completes(service, evaluator, "after-unresponsiveness", 120)
    service.until_whole(60)
    assert service.roles()["cluster main"] != before["cluster main"]
    assert ("unresponsive cluster restarted",) in events(service)


def test_what_was_restarted_is_written_down(service: Service, evaluator: HttpServer) -> None:
    service.until_whole()
    os.kill(service.roles()["cluster main"][0], signal.SIGKILL)
    os.kill(service.roles()["web master"][0], signal.SIGKILL)
    a_round_completes(service, evaluator, "written-down")
    assert wait_for(lambda: {"cluster restarted", "web restarted"} <= {what for (what,) in events(service)}, 30)


def events(service: Service) -> list[tuple[str]]:
    return service.rows("SELECT what FROM tasks_app_event WHERE round_id IS NULL")


def test_when_serve_is_killed_nothing_is_left_and_started_again_it_goes_on(
    service: Service, evaluator: HttpServer
) -> None:
    service.until_whole()
    identity = service.post(task("serve", 1, "serve", evaluator.url("/notify")))
    assert wait_for(lambda: service.roles()["busy worker"], 30), service.tail()
    assert service.process
    below = service.everyone()
    service.process.kill()
    service.process.wait()
    assert wait_for(lambda: not any(alive(pid) for pid in below), 30)
    assert not service.everyone()
    assert wait_for(lambda: is_free(service.port), 30), service.table()
    service.start().until_whole()
    assert service.completes(identity, 60)[
        "live"
    ]  # the lease of the killed one is 60 s: it was freed and did not run out
