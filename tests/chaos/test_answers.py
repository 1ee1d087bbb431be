"""A worker that is killed in the midst of a model's answer: what had come of it is not lost."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from engine.domain.model_call import Message
from tests.doubles.http_server import HttpServer, Script
from tests.doubles.openai_scenarios import Scenario, completion
from tests.doubles.openai_server import OpenAIServer
from tests.fakes import README, page_reply, plan_reply
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

#: Between two words of the answer that is cut: its page takes a few seconds, its README half a minute more.
SLOWLY = 0.4


PLAN = Scenario(completion(plan_reply(checks=[{"number": 1, "predicates": [{"kind": "licence_mit"}]}])))


def the_whole(request: dict[str, Any]) -> Scenario:
    return Scenario(completion(page_reply()(_messages(request))), drip=SLOWLY)


def the_rest(request: dict[str, Any]) -> Scenario:
    return Scenario(completion(page_reply({"README.md": README})(_messages(request))))


def _messages(request: dict[str, Any]) -> list[Message]:
    return [Message(one["role"], one["content"]) for one in request["messages"]]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_of_an_answer_that_a_killed_worker_was_hearing_only_the_rest_is_asked_for(
    tmp_path: Path, database: str
) -> None:
    with ExitStack() as stack:
        evaluator = stack.enter_context(HttpServer({"/notify": Script()}))
        model = stack.enter_context(OpenAIServer())
        settings = {"LLM_PROVIDER": "openai", "LLM_API_KEY": "sk-double-secret", "LLM_MODEL": "double-1"}
        if database == "postgresql":
            settings["DATABASE_URL"] = stack.enter_context(postgresql()).database()
        settings |= {"LLM_BASE_URL": model.url, "LEASE_SECONDS": "6"}
        service = stack.enter_context(Service(tmp_path, workers=2, **settings))
        model.script = [PLAN, the_whole, the_rest]
        service.start().until_whole()
        identity = service.post(task("cut", 1, "cut", evaluator.url("/notify")))
        kept = "SELECT reply FROM tasks_app_attempt WHERE reply LIKE ?"
        assert wait_for(lambda: service.rows(kept, "%file README.md%"), 60), service.tail()
        (told,) = [step["detail"] for step in (service.get(f"/api/rounds/{identity}") or {})["steps"]]
        assert told.startswith("double-1 is writing: ")
        (victim,) = service.roles()["busy worker"]
        os.kill(victim, signal.SIGKILL)
        status = service.completes(identity, 90)
        kinds = service.rows("SELECT kind, error_code FROM tasks_app_attempt ORDER BY id")
    assert (status["live"], status["degraded"]) == (True, False)
    assert kinds == [("plan", ""), ("generate", "interrupted"), ("continue", "")]
    assert len(model.requests) == 3
