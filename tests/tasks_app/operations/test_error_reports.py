"""Reports of errors, sent by a process of its own to a server on loopback."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.doubles.http_server import HttpServer, Script
from tests.service import bare_environment

if TYPE_CHECKING:
    from tests.doubles.http_server import Asked

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[3]
SECRET, TOKEN = "only-for-this-test", "tok/en+with:signs-1234"

# A view that fails over a request with a secret in it, an error in the log, and one in a thread.
FAIL = """
import json, logging, sys, threading
from tasks_app import wsgi
from django.test import Client
from tasks_app.api import views
from tasks_app.logs import log_ids

def fail(**_):
    token = views.settings.GITHUB_TOKEN
    raise RuntimeError("refused " + token + " " + "x" * 20_000 + token)

views.round_accept = fail
logger = logging.getLogger("some.part")
logger.info("a line before, with %s", views.settings.SECRET)
client = Client(headers={"host": "localhost:8000"}, raise_request_exception=False)
task = {"email": "e@x.y", "secret": views.settings.SECRET, "task": "t", "round": 1, "nonce": "n",
        "brief": "a private brief", "evaluation_url": "https://evaluator.example/"}
answer = client.post("/handle_task", task, content_type="application/json")
assert answer.status_code == 500, answer.content
with log_ids(round="5f1c", task="a task " + views.settings.GITHUB_TOKEN):
    logger.error("it failed with %s", views.settings.GITHUB_TOKEN)
def in_thread():
    raise ValueError(views.settings.SECRET)
threading.excepthook = lambda _: None
thread = threading.Thread(target=in_thread)
thread.start(), thread.join()
if sdk := sys.modules.get("sentry_sdk"):
    sdk.flush(timeout=60)  # at its end a process waits 2 s only
print(sdk is not None)
"""


def run(folder: Path, **variables: str) -> str:
    settings = {"SECRET": SECRET, "FORGE": "local", "LLM_PROVIDER": "simulated", "GITHUB_TOKEN": TOKEN}
    environment = bare_environment(folder, **settings, **variables)
    done = subprocess.run(
        [sys.executable, "-c", FAIL],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def events(asked: list[Asked]) -> list[dict[str, object]]:
    """Return the events of the envelopes: a header and, for each item, a header and a payload, a line each."""
    found = []
    for one in asked:
        body = gzip.decompress(one.body) if one.headers.get("content-encoding") == "gzip" else one.body
        lines = [json.loads(line) for line in body.splitlines() if line]
        found += [payload for item, payload in zip(lines[1::2], lines[2::2], strict=True) if item["type"] == "event"]
    return found


@pytest.mark.slow
def test_our_errors_are_reported_without_secrets_requests_and_variables(tmp_path: Path) -> None:
    with HttpServer({"/api/7/envelope/": Script(200, body=b"{}")}) as server:
        run(tmp_path, SENTRY_DSN=f"http://public@127.0.0.1:{server.port}/7")
        reports = events(server.asked)
    text = json.dumps(reports)
    assert [report["exception"]["values"][-1]["type"] for report in reports if "exception" in report] == [
        "RuntimeError",
        "ValueError",
    ]
    view, line, _ = reports
    assert view["exception"]["values"][-1]["value"].startswith("refused [GITHUB_TOKEN] xxx")
    assert len(view["tags"]["request"]) == 32
    assert any("a line before, with [SECRET]" in crumb["message"] for crumb in view["breadcrumbs"]["values"])
    assert line["tags"]["round"] == "5f1c"
    for word in (SECRET, TOKEN, TOKEN[:10], "a private brief", "e@x.y", "evaluator.example"):
        assert word not in text
    assert not any("vars" in frame for frame in view["exception"]["values"][-1]["stacktrace"]["frames"])
    assert all("request" not in report for report in reports)


@pytest.mark.slow
def test_without_the_setting_the_sdk_is_not_even_imported(tmp_path: Path) -> None:
    assert run(tmp_path) == "False\n"
