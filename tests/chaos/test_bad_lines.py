"""Between service, database, GitHub and evaluator the lines delay and drop: every round is told in time, once and the
same, with one commit."""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.chaos.repositories import callbacks
from tests.chaos.seeds import SEEDS
from tests.doubles.bad_line import BadLine
from tests.doubles.github.double import GitHubDouble
from tests.doubles.http_server import HttpServer, Script
from tests.parts.postgresql import postgresql
from tests.processes import wait_for
from tests.service import Service, task

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc"),
]

ROUNDS = 8
TROUBLE_SECONDS = 40


@pytest.mark.parametrize("seed", SEEDS)
def test_rounds_survive_lines_that_delay_and_drop(tmp_path: Path, seed: int) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(postgresql())
        evaluator = stack.enter_context(HttpServer({"/notify": Script()}))
        double = stack.enter_context(GitHubDouble(build_seconds=1.0))
        database = stack.enter_context(BadLine(server.port, seed=seed * 10))
        github = stack.enter_context(BadLine(int(double.url.rpartition(":")[2]), seed=seed * 10 + 1))
        # A callback is over in no time: so short are the lives that some are cut before the answer, some before the
        # request.
        callback = stack.enter_context(BadLine(evaluator.port, seed=seed * 10 + 2, lives=0.15, refuse=25))
        lines = (database, github, callback)
        double.state.api = f"http://127.0.0.1:{github.port}"
        direct = server.database()
        service = Service(
            tmp_path,
            workers=3,
            SIMULATED_LLM_SECONDS="0.5",
            DATABASE_URL=direct.replace(str(server.port), str(database.port)),
            FORGE="github",
            GITHUB_TOKEN=double.token,
            GITHUB_API_URL=double.state.api,
        )
        service.database = direct  # the test itself looks past the bad line
        stack.enter_context(service).start().until_whole()
        for line in lines:
            line.turns(bad=True)
        until = time.monotonic() + TROUBLE_SECONDS
        url = f"http://127.0.0.1:{callback.port}/notify"
        accepted = {}
        for number in range(ROUNDS):
            accepted[f"line-{number}"] = service.post(task(f"line-{number}", 1, f"line-{number}", url))
        while time.monotonic() < until:
            time.sleep(0.5)
        # On a busy machine nothing may have come as far as GitHub by then.
        assert wait_for(lambda: database.cut and github.cut, 120), [line.cut for line in lines]
        for line in (database, github):
            line.turns(bad=False)
        assert wait_for(lambda: callback.cut, 120), "no callback was cut"
        callback.turns(bad=False)
        for identity in accepted.values():
            status = service.completes(identity, 150)
            assert (status["late"], status["degraded"]) == (False, False), json.dumps(status)
        told = callbacks(evaluator.asked)
        assert set(told) == set(accepted)
        assert [len(set(calls)) for calls in told.values()] == [1] * ROUNDS
        repeats = sum(len(calls) - 1 for calls in told.values())
        sys.stdout.write(f"seed {seed}: {repeats} repeated callbacks, cut {[line.cut for line in lines]}\n")
        assert all(line.cut for line in lines), [line.cut for line in lines]
        assert double.pushes == ROUNDS
        assert double.violations == []
