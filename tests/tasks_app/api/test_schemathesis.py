"""The running service against its own description, by schemathesis: no answer is an error of ours or differs from what
/openapi.json says, what the description allows is taken, and what it forbids is refused.

https://schemathesis.readthedocs.io
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from tests.doubles.http_server import HttpServer, Script
from tests.service import SECRET, Service, Web, task

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.processes, pytest.mark.slow]

METRICS_TOKEN = "only-for-this-scrape"

#: Requests hold the right secret, so that what lies behind it is tried too; those that are wrong on purpose do not.
HOOKS = f"""
import schemathesis

@schemathesis.hook
def before_load_schema(context, raw_schema):
    raw_schema["components"]["schemas"]["Task"]["properties"]["secret"] = {{"const": {SECRET!r}}}
"""

#: The same requests in each run. One worker, because Python 3.11 cannot parse in two threads at once (ast.parse).
CONFIGURATION = """
hooks = "hooks"
workers = 1
continue-on-failure = true
headers = {{ Authorization = "Bearer {metrics_token}" }}

[generation]
deterministic = true
max-examples = 15
database = "none"

[[operations]]
include-operation-id = "readyz"
checks.not_a_server_error.expected-statuses = [200, 405, 503]  # nobody works here, which is 503

[[operations]]
include-operation-id = "round_status"
parameters = {{ round_id = "{round_id}" }}

[[operations]]
include-operation-id = ["evidence", "evidence_picture"]
parameters = {{ token = "{token}" }}
"""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Run the web alone over the rows of one completed round: the addresses that are posted here are made up, and
    nobody shall call them."""
    environment = {"METRICS_TOKEN": METRICS_TOKEN, "THROTTLE_PER_MINUTE": "20"}
    with HttpServer({"/notify": Script()}) as evaluator, Service(tmp_path, workers=1, **environment) as service:
        service.start().until_whole()
        service.completes(service.post(task("described", 1, "a", evaluator.url("/notify"))), 60)
        service.stop()
    with Web(tmp_path, log="web log", **environment) as alone:
        yield alone.start().until_whole()


def test_every_answer_is_as_described(web: Web, tmp_path: Path) -> None:
    ((round_id, token),) = web.rows("SELECT round_id, token FROM tasks_app_commit")
    (tmp_path / "hooks.py").write_text(HOOKS)
    (tmp_path / "schemathesis.toml").write_text(
        CONFIGURATION.format(metrics_token=METRICS_TOKEN, round_id=UUID(round_id), token=token)
    )
    ended = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{web.public}/openapi.json",
            "--no-color",
        ],
        cwd=tmp_path,
        env={"PATH": web.environment["PATH"], "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ended.returncode == 0, f"{ended.stdout[-8000:]}\n{ended.stderr[-2000:]}\n{web.tail()[-2000:]}"
    assert "9 selected / 9 total" in ended.stdout
