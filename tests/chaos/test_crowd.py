"""Two hundred rounds wait on Pages at once: a new one is taken as if they were not there, and GitHub's limits are kept."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from tests.chaos.service import ROOT, Service, task
from tests.doubles.http_server import Script, serving
from tests.processes import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doubles.github import GitHubDouble

pytestmark = pytest.mark.slow
CROWD = 200
#: In seconds: from the POST to the first step's begin.
AT_MOST = 2.0


def published(double: GitHubDouble) -> list[str]:
    """Make repositories on the double whose builds go on for an hour; return a line for each (tests/chaos/crowd.py)."""
    lines, account = [], double.state.accounts[double.login.lower()]
    with double.state.lock:
        for number in range(CROWD):
            made = double.state.create(account, f"waits-{number}", None)
            made.source = {"branch": "main", "path": "/"}
            commit = double.state.write(made, {"index.html": b"<p>"}, "a page")
            lines.append(f"{double.login} {made.name} {commit} {double.pages_url}/{made.name}/")
    return lines


def crowd(service: Service, lines: list[str]) -> None:
    command = [sys.executable, "-m", "tests.chaos.crowd"]
    text = "\n".join(lines)
    subprocess.run(command, cwd=ROOT, env=service._environment, input=text, text=True, check=True, timeout=120)


def begun_after(service: Service, identity: str) -> float:
    """Return how many seconds after its POST a round's first step began."""
    asked = "SELECT r.created_at, s.started_at FROM tasks_app_round r JOIN tasks_app_steprun s ON s.round_id = r.id"
    wanted = f"{asked} WHERE r.id = ? ORDER BY s.started_at"
    assert wait_for(lambda: service.rows(wanted, identity.replace("-", "")), 60), service.tail()
    posted, begun = (datetime.fromisoformat(str(text)) for text in service.rows(wanted, identity.replace("-", ""))[0])
    return (begun - posted).total_seconds()


def test_a_new_round_starts_at_once_while_two_hundred_wait_on_pages(
    github_double: GitHubDouble, tmp_path: Path
) -> None:
    github_double.state.build_seconds = 3600.0
    lines = published(github_double)
    service = Service(
        tmp_path,
        workers=4,
        FORGE="github",
        GITHUB_API_URL=github_double.url,
        GITHUB_TOKEN=github_double.token,
        PYTHONPATH=str(ROOT),
    )
    with serving() as evaluator:
        evaluator.scripts["/notify"] = Script(200)
        try:
            service.start().until_whole(400)
            crowd(service, lines)
            looked = "SELECT count(DISTINCT round_id) FROM tasks_app_pagesstatus"
            assert wait_for(lambda: service.rows(looked) >= [(CROWD // 4,)], 300), service.tail()
            waits = []
            for number in range(5):
                posted = service.post(task(f"new-{number}", 1, "n", evaluator.url("/notify")))
                waits.append(begun_after(service, posted))
            assert wait_for(lambda: service.rows(looked) >= [(CROWD,)], 400), service.rows(looked)
            assert max(waits) < AT_MOST, waits
            print(f"a new round began after {sorted(waits)} s; {github_double.count('builds')} looks")  # noqa: T201
        finally:
            service.destroy()
    assert github_double.exceeded == []
