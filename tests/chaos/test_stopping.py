"""A stop with work under way loses nothing, doubles nothing and counts no crash; so does a deploy."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.chaos.repositories import callbacks, commits
from tests.doubles.http_server import HttpServer, Script
from tests.processes import wait_for
from tests.service import Service, Web, task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc"),
]


@pytest.fixture
def evaluator() -> Iterator[HttpServer]:
    with HttpServer({"/notify": Script()}) as server:
        yield server


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    stack = ExitStack()

    def one(kind: type[Service] = Service, **options: str) -> Service:
        return stack.enter_context(kind(tmp_path, workers=2, **options)).start().until_whole()

    with stack:
        yield one


def posted(service: Service, evaluator: HttpServer, *names: str) -> list[str]:
    return [service.post(task(name, 1, name, evaluator.url("/notify"))) for name in names]


def both_workers_are_busy(service: Service) -> bool:
    return wait_for(lambda: len(service.roles()["busy worker"]) == 2, 30)


def posted_until_busy(service: Service, evaluator: HttpServer) -> list[str]:
    """Post until `service` has a round under way: another one on the same database takes its share, the first few
    perhaps."""
    identities: list[str] = []
    while len(identities) < 20:
        identities += posted(service, evaluator, f"until-busy-{len(identities)}")
        if wait_for(lambda: service.roles()["busy worker"], 2):
            return identities
    raise AssertionError(f"it took none of {len(identities)} rounds\n{service.tail()}")


def nothing_is_doubled(service: Service, evaluator: HttpServer, identities: list[str]) -> None:
    for identity in identities:
        assert service.completes(identity, 60)["live"]
    made = commits(service.data)
    assert sorted(round_id for entries in made.values() for _, round_id in entries) == sorted(identities)
    assert len(made) == len(identities)
    assert [len(calls) for calls in callbacks(evaluator.asked).values()] == [1] * len(identities)
    calls = service.rows("SELECT kind, count(*) FROM tasks_app_attempt GROUP BY kind ORDER BY kind")
    assert calls == [(kind, len(identities)) for kind in ("generate", "judge", "plan")], "a model call too many"
    assert service.rows("SELECT DISTINCT claims FROM tasks_app_steprun") == [(1,)]


def test_steps_that_can_finish_finish_and_the_rest_goes_on_after_the_next_start(
    start: Callable[..., Service], evaluator: HttpServer
) -> None:
    service = start(SIMULATED_LLM_SECONDS="3")
    identities = posted(service, evaluator, "stop-1", "stop-2", "stop-3")
    assert both_workers_are_busy(service)
    assert service.stop() == 0, service.tail()
    assert not service.everyone()
    rows = service.rows("SELECT state, step, crashes, lease_token FROM tasks_app_round ORDER BY created_at")
    assert rows == [("queued", "verify", 0, None)] * 2 + [("queued", "generate", 0, None)]
    service.start().until_whole()
    nothing_is_doubled(service, evaluator, identities)


def test_a_step_that_cannot_finish_is_released_and_no_crash(
    start: Callable[..., Service], evaluator: HttpServer
) -> None:
    service = start(SIMULATED_LLM_SECONDS="120")
    posted(service, evaluator, "long-1", "long-2")
    assert both_workers_are_busy(service)
    began = time.monotonic()
    assert service.stop(25) == 0, service.tail()
    assert time.monotonic() - began > 5, "it did not give the steps their time"
    assert not service.everyone()
    released(service)


def test_a_second_sigterm_hurries(start: Callable[..., Service], evaluator: HttpServer) -> None:
    service = start(SIMULATED_LLM_SECONDS="120")
    posted(service, evaluator, "hurry-1", "hurry-2")
    assert both_workers_are_busy(service)
    assert service.process
    service.process.terminate()
    assert wait_for(lambda: "serve: stopping" in service.log.read_text(), 30)
    assert service.stop(10) == 0, service.tail()
    assert not service.everyone()
    released(service)


def released(service: Service) -> None:
    rows = service.rows("SELECT DISTINCT state, step, crashes, lease_token, lease_until FROM tasks_app_round")
    assert rows == [("queued", "generate", 0, None, None)]


def test_a_deploy_loses_and_doubles_nothing(start: Callable[..., Service], evaluator: HttpServer) -> None:
    web = start(Web, log="web")  # the address that stays, as a proxy's does
    origins = {"PUBLIC_URL": f"http://localhost:{web.port}", "PAGES_ORIGIN": f"http://127.0.0.1:{web.port}"}
    old = start(log="old", SIMULATED_LLM_SECONDS="2", **origins)
    identities = posted(old, evaluator, "deploy-1", "deploy-2", "deploy-3", "deploy-4")
    assert both_workers_are_busy(old)
    new = start(log="new", SIMULATED_LLM_SECONDS="2", **origins)
    identities += posted_until_busy(old, evaluator)
    assert old.stop() == 0, old.tail()
    assert not old.everyone()
    identities += posted(new, evaluator, "deploy-7")
    nothing_is_doubled(new, evaluator, identities)
