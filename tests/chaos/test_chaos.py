"""Twenty rounds while everything is killed, again and again: nothing is lost, nothing is doubled, nobody is told late.

On every database and broker against the double of GitHub, and once against the local forge, whose repositories are
written by what is killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.chaos.repositories import callbacks, commits, commits_on
from tests.chaos.seeds import SEEDS
from tests.doubles.http_server import HttpServer, Script
from tests.parts.postgresql import postgresql
from tests.parts.redis_server import flush, redis_server
from tests.processes import is_free, wait_for
from tests.roles import ROLES
from tests.service import Service, task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.doubles.github.double import GitHubDouble
    from tests.parts.postgresql import PostgreSQL

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc"),
]

#: Rounds per task: twenty in all.
TASKS = (3, 3, 3, 3, 2, 2, 2, 2)

#: Killed again beside one kill of each role; mains are not among them, since five quick deaths of one rightly end
#: `serve`.
OFTEN = ("busy worker", "busy worker", "idle worker", "monitor", "pusher", "web worker")
EXTRA = 7


@dataclass
class Chaos:
    """Kills by a seed: whom, and after how long a pause; the processes' own timing is the rest of the chance."""

    service: Service
    dice: random.Random
    more_work: Callable[[], None]
    halfway: Callable[[], None] = lambda: None
    kills: list[str] = field(default_factory=list)

    def run(self) -> None:
        plan = [*ROLES, *self.dice.choices(OFTEN, k=EXTRA)]
        self.dice.shuffle(plan)
        for number, role in enumerate(plan):
            if number == len(plan) // 2:
                self.halfway()
            time.sleep(self.dice.uniform(0.1, 1.5))
            if role == "busy worker" and wait_for(lambda: self.kill("busy worker"), 5):
                continue
            if role == "busy worker":  # a slow machine can be through with all rounds before the plan is through
                self.more_work()
            assert wait_for(lambda role=role: self.kill(role), 40), f"no {role} to kill\n{self.service.tail()}"

    def kill(self, role: str) -> bool:
        victims = self.service.roles()[role]
        if not victims:
            return False
        victim = self.dice.choice(victims)
        os.kill(victim, signal.SIGKILL)
        self.kills.append(role)
        if role == "serve":
            assert self.service.process
            self.service.process.wait()
            assert wait_for(lambda: not self.service.everyone(), 30), "something survived the kill of serve"
            self.service.start()
        return True


class Evaluator(threading.Thread):
    """Posts every task's rounds in their order, a moment apart, until each is accepted."""

    def __init__(self, service: Service, url: str, dice: random.Random) -> None:
        super().__init__(daemon=True)
        self.service, self.url, self.dice = service, url, dice
        self.accepted: dict[str, str] = {}  # nonce -> id
        self.tasks = list(TASKS)  # rounds of each
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for number in (1, 2, 3):
                for place, rounds in enumerate(TASKS):
                    if number <= rounds:
                        self.post(place, number)
                        time.sleep(self.dice.uniform(0.2, 1.4))
        except BaseException as error:  # noqa: BLE001 -- it is raised again in the test's own thread
            self.error = error

    def post(self, place: int, number: int) -> None:
        nonce = f"task-{place}-{number}"
        self.accepted[nonce] = self.service.post(task(f"chaos-{place}", number, nonce, self.url))

    def one_more_task(self) -> None:
        self.tasks.append(1)
        self.post(len(self.tasks) - 1, 1)

    def done(self) -> dict[str, str]:
        """Wait for the last post. Raises what went wrong."""
        self.join(90)
        if self.error:
            raise self.error
        assert not self.is_alive()
        return self.accepted


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    with postgresql() as server:
        yield server


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture
def parts(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return the settings of the parts that a test names: sqlite, postgresql, redis; github or local."""
    wanted, found = request.param.split("-"), {}
    if "github" in wanted:
        double = request.getfixturevalue("github_double")
        found |= {"FORGE": "github", "GITHUB_TOKEN": double.token, "GITHUB_API_URL": double.url}
    if "postgresql" in wanted:
        found["DATABASE_URL"] = request.getfixturevalue("database").database()
    if "redis" in wanted:
        found["REDIS_URL"] = request.getfixturevalue("redis_url")
    return found


@pytest.fixture
def service(tmp_path: Path, parts: dict[str, str]) -> Iterator[Service]:
    with Service(tmp_path, workers=4, SIMULATED_LLM_SECONDS="0.7", **parts) as running:
        yield running


#: How the look at a page tells that a later round's commit is there: by the page, or by Pages.
OVERTAKEN = ("A later round's commit", "It was overtaken")

PARTS = ("sqlite-github", "postgresql-github", "postgresql-redis-github", "sqlite-local")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("parts", PARTS, indirect=True)
def test_twenty_rounds_survive_the_death_of_everything(
    service: Service, parts: dict[str, str], github_double: GitHubDouble, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311
    service.start().until_whole()
    with HttpServer({"/notify": Script()}) as evaluator:
        posts = Evaluator(service, evaluator.url("/notify"), random.Random(seed))  # noqa: S311
        posts.start()
        chaos = Chaos(service, dice, posts.one_more_task, lambda: forget_messages(parts))
        began = time.monotonic()
        chaos.run()
        accepted = posts.done()
        killed_for = time.monotonic() - began
        for nonce, identity in accepted.items():
            status = service.completes(identity, 90)
            assert (status["late"], status["degraded"]) == (False, False), status
            assert status["live"] or _was_overtaken(nonce, status, posts.tasks), status["steps"]
        told = callbacks(evaluator.asked)
    took = time.monotonic() - began
    sys.stdout.write(
        f"seed {seed}: {len(chaos.kills)} kills in {killed_for:.0f} s, all told in {took:.0f} s, "
        f"{sum(len(calls) - 1 for calls in told.values())} repeated callbacks: {chaos.kills}\n"
    )
    assert len(chaos.kills) >= 15
    assert set(chaos.kills) == set(ROLES)
    the_evaluator_was_told_the_same_thing_each_time(told, accepted)
    on_github = parts.get("FORGE") == "github"
    found = commits_on(github_double) if on_github else commits(service.data)
    every_round_is_one_commit_of_one_repository(service, found, accepted, posts.tasks)
    everything_ends(service)
    assert (github_double.violations, github_double.exceeded) == ([], [])


def forget_messages(parts: dict[str, str]) -> None:
    """Have Redis lose everything, where there is one."""
    if "REDIS_URL" in parts:
        flush(parts["REDIS_URL"])


def _was_overtaken(nonce: str, status: dict[str, Any], tasks: list[int]) -> bool:
    """Say whether a later round was on the page before this one was looked at: it may be, since it only waits for the
    push."""
    place, number = map(int, nonce.split("-")[1:])
    deployed = next(step for step in reversed(status["steps"]) if step["name"] == "deploy")
    return number < tasks[place] and deployed["detail"].startswith(OVERTAKEN)


def the_evaluator_was_told_the_same_thing_each_time(
    told: dict[str, list[tuple[str, bytes]]], accepted: dict[str, str]
) -> None:
    assert set(told) == set(accepted)
    for nonce, calls in told.items():
        assert len(set(calls)) == 1, (nonce, calls)


def every_round_is_one_commit_of_one_repository(
    service: Service, found: dict[str, list[tuple[str, str]]], accepted: dict[str, str], tasks: list[int]
) -> None:
    assert len(found) == len(tasks), sorted(found)
    by_task = {name.rpartition("-")[0]: entries for name, entries in found.items()}
    for place, rounds in enumerate(tasks):
        wanted = [accepted[f"task-{place}-{number}"] for number in range(rounds, 0, -1)]
        assert [identity for _, identity in by_task[f"chaos-{place}"]] == wanted
    shas = {identity: sha for entries in found.values() for sha, identity in entries}
    recorded = service.rows("SELECT id, commit_sha FROM tasks_app_round")
    assert {identity.replace("-", ""): sha for identity, sha in shas.items()} == dict(recorded)
    bodies = service.rows("SELECT body FROM tasks_app_notificationattempt")
    assert {json.loads(bytes(body))["commit_sha"] for (body,) in bodies} == set(shas.values())


def everything_ends(service: Service) -> None:
    assert service.stop() == 0, service.tail()
    assert not service.everyone()
    assert wait_for(lambda: is_free(service.port), 30), service.table()
