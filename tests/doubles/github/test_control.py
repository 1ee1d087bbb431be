"""The double in a process of its own, controlled from outside."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import httpx2
import pytest

from tests.doubles.github.asking import NAME

pytestmark = pytest.mark.processes


@pytest.mark.slow
def test_it_runs_by_itself_and_is_controlled_from_outside() -> None:
    command = [sys.executable, "-m", "tests.doubles.github", "--build-seconds", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            ready = _ready(process)
            with httpx2.Client(base_url=ready["url"], timeout=30.0, trust_env=False) as client:
                client.headers["Authorization"] = f"Bearer {ready['token']}"
                where = {"owner": ready["login"], "repo": NAME}
                client.post("/_double/faults", json={"name": "bad_gateway", "kind": "create"})
                statuses = [client.post("/user/repos", json={"name": NAME}).status_code for _ in range(2)]
                sha = client.post("/_double/stranger", json=where | {"files": {"index.html": "hi"}}).json()["sha"]
                client.post("/_double/rename", json=where | {"to": "other"})
                client.post("/_double/token", json={"revoked": True})
                revoked = client.get("/user").status_code
                wrong = client.post("/_double/faults", json={"name": "flood"}).status_code
                told = client.get("/_double/summary").json()
                calls = client.get("/_double/calls").json()
        finally:
            process.terminate()
    assert (statuses, len(sha), revoked, wrong, process.returncode) == ([502, 201], 40, 401, 400, 0)
    assert (told["writes"], told["pushes"], told["violations"]) == (2, 0, [])
    assert told["repositories"] == [f"{ready['login']}/other"]
    assert [call["kind"] for call in calls] == ["create", "create", "user"]


def _ready(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout
    begun = time.monotonic()
    line = process.stdout.readline()
    assert line, f"it ended after {time.monotonic() - begun:.1f} s"
    return dict(json.loads(line))
