"""What the evaluator's side is tried against: a small template, and endpoints on loopback that behave in many ways."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx2

from tasks_app.operations import clock
from tasks_app.rehearsal.issuing import RehearsalOptions, begin
from tasks_app.rehearsal.judging.contracts import Result
from tasks_app.rehearsal.submissions import GivenSubmission
from tasks_app.rehearsal.templates.reading import read_templates
from tests.doubles.http_server import HttpServer, Script

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tasks_app.models import Rehearsal
    from tasks_app.rehearsal.judging.contracts import TaskToJudge
    from tests.doubles.http_server import Asked

SECRET = "a-secret-of-this-submission"
TEMPLATES = """\
- id: greeting
  brief: Publish a page that greets ${seed}.
  checks:
    - js: document.querySelector("#greeting") !== null
    - The page is friendly.
  round2:
    - brief: Greet in two languages.
      checks:
        - js: document.querySelectorAll(".greeting").length === 2
- id: clock
  brief: Publish a page with a clock.
  checks:
    - js: document.querySelector("#clock") !== null
  round2:
    - brief: Let the clock show seconds too.
      checks:
        - js: document.querySelector("#seconds") !== null
"""


def right(fields: dict[str, Any]) -> list[Any]:
    return [fields]


class Endpoint(HttpServer):
    """Answers every POST by `script` and calls back as `callbacks` says, before the answer is sent or after it.

    A callback that nobody takes is sent again, as a service does.
    """

    def __init__(self, script: Script | None = None, callbacks: Callable[[dict[str, Any]], list[Any]] = right) -> None:
        super().__init__()
        self.script = script or Script(200, body=b'{"status": "accepted"}')
        self.callbacks = callbacks
        self.tasks: list[dict[str, Any]] = []
        self.told: list[tuple[int, str]] = []
        self.calling: list[threading.Thread] = []

    def answer(self, asked: Asked) -> Script:
        task = json.loads(asked.body)
        self.tasks.append(task)
        sender = threading.Thread(target=self.call_back, args=(task,))
        self.calling.append(sender)
        sender.start()
        return self.script

    def call_back(self, task: Mapping[str, Any]) -> None:
        for fields in self.callbacks(callback_of(task)):
            body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
            while not self.closing.wait(0.05):
                with suppress(httpx2.TransportError):
                    told = httpx2.post(task["evaluation_url"], content=body, trust_env=False, timeout=20)
                    self.told.append((told.status_code, told.text))
                    break

    def close(self) -> None:
        super().close()
        for thread in self.calling:
            thread.join(20)

    @property
    def sent(self) -> list[tuple[str, int]]:
        """Return task and round of each POST, sorted."""
        return sorted((task["task"], task["round"]) for task in self.tasks)


def callback_of(task: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: task[name] for name in ("email", "task", "round", "nonce")}
    repository = f"https://git.example/{task['task']}"
    return {**told, "repo_url": repository, "commit_sha": "a" * 40, "pages_url": f"{repository}/page/"}


def judged(task: TaskToJudge) -> list[Result]:
    """Judge as quickly as can be: one check that holds where a callback came, one that is not decided."""
    callback = task.callback or {}
    return [
        Result("callback", "A callback came", float(bool(callback)), task.error),
        Result("text", "Somebody likes it", None, "nobody looked"),
    ]


def options(**changes: Any) -> RehearsalOptions:
    fields = {"templates": TEMPLATES, "tasks": 1, "rounds": 2, "at_a_time": 4, "deadline_seconds": 60, "pace": 0.0}
    return RehearsalOptions(**{**fields, **changes})


def begun(
    *endpoints: str, evaluation_url: str = "http://127.0.0.1:9/rehearsal/notify", name: str = "mine", **changes: Any
) -> Rehearsal:
    """Return a new rehearsal with a submission for each endpoint."""
    given = [
        GivenSubmission(f"student{number}@example.com", endpoint, SECRET) for number, endpoint in enumerate(endpoints)
    ]
    templates = read_templates(TEMPLATES, source="the test's")
    return begin(name, options(**changes), given, templates, evaluation_url=evaluation_url, now=clock.now())
