"""What was answered 200 is on disk: SQLite's settings as they are in every process that has a database open."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.doubles.http_server import HttpServer, Script
from tests.processes import wait_for
from tests.service import ROOT, Service, task

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc"),
]

# Python reads this in every process of the service: each connection, as it is used from then on, says what it is set
# to. https://docs.djangoproject.com/en/5.2/ref/signals/#connection-created
WITNESS = """
import json, os
from pathlib import Path
from django.db.backends.signals import connection_created

def witness(connection, **_):
    with connection.cursor() as cursor:
        names = ("journal_mode", "synchronous", "busy_timeout")
        seen = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in names}
    with Path(__file__).with_name("seen").open("a") as file:
        file.write(json.dumps({"pid": os.getpid(), **seen}) + "\\n")

connection_created.connect(witness, weak=False)
"""

#: Every role that reads or writes rows. `serve` and the main processes of web and cluster have no database open.
WRITING = ("dispatcher", "web worker", "sentinel", "worker", "monitor", "pusher")


def witnessed(folder: Path) -> list[dict[str, object]]:
    """Return what each connection said so far; a line may be half written."""
    lines = (folder / "seen").read_text().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def test_every_connection_of_every_process_writes_through_to_the_disk(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITNESS)
    settings = {"SIMULATED_LLM_SECONDS": "4", "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    with Service(tmp_path, workers=1, **settings) as service:
        service.start().until_whole()
        with HttpServer({"/notify": Script()}) as evaluator:
            identity = service.post(task("power", 1, "power", evaluator.url("/notify")))
            assert wait_for(lambda: service.roles()["busy worker"], 30)
            roles = service.roles()
            service.completes(identity, 60)
        # The monitor writes a moment after the round has ended.
        assert wait_for(lambda: roles["monitor"][0] in {one["pid"] for one in witnessed(tmp_path)}, 30)
        # A worker that is born again has its connection from the sentinel's second life with the database.
        os.kill(roles["monitor"][0], signal.SIGKILL)
        service.until_whole(60)
        seen = witnessed(tmp_path)
    assert {(one["journal_mode"], one["synchronous"], one["busy_timeout"]) for one in seen} == {("wal", 2, 20_000)}
    pids = {one["pid"] for one in seen}
    roles["worker"] = roles["busy worker"]
    for role in WRITING:
        assert pids & set(roles[role]), f"no connection of {role} was seen"
    for role in ("serve", "web master", "cluster main"):
        assert not pids & set(roles[role]), f"{role} forks, and had a connection"
