"""`make demo FORGE=github-double`: the demo, published to the tests' double of GitHub, which runs as a process of its
own beside the service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from tasks_app.processes.parent_death import dies_with_parent
from tasks_app.rehearsal.demo import DemoError, DemoForge, main

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV")


@contextmanager
def github_double(data: Path) -> Iterator[DemoForge]:
    """Run the double until the block ends; its log is in `data`, and it dies with us.

    Raises DemoError where it does not start.
    """
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    log = data / "github.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            dies_with_parent((sys.executable, "-m", "tests.doubles.github")),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        with process:
            try:
                yield _started(process, log)
            finally:
                process.terminate()


def _started(process: subprocess.Popen[bytes], log: Path) -> DemoForge:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise DemoError(f"the double of GitHub did not start: {log.read_text(errors='replace').strip()[-500:]}")
    told = json.loads(line)
    return DemoForge(
        "a double on this machine: real git, GitHub's calls checked against its own description",
        {"FORGE": "github", "GITHUB_TOKEN": told["token"], "GITHUB_API_URL": told["url"]},
        lambda: _summary(told["url"]),
    )


def _summary(url: str) -> str:
    """Return a sentence of what the double was asked for.

    Raises DemoError where something was against GitHub's description of its API.
    """
    with httpx2.Client(timeout=10.0, trust_env=False) as client:
        told: dict[str, Any] = client.get(f"{url}/_double/summary").json()
    if told["violations"] or told["exceeded"]:
        raise DemoError("GitHub would not take this: " + "; ".join(told["violations"] + told["exceeded"]))
    return (
        f"GitHub's double was asked for {told['writes']} REST writes and {told['pushes']} pushes in "
        f"{sum(told['kinds'].values())} requests, 0 violations of GitHub's own description of its API"
    )


if __name__ == "__main__":
    sys.exit(main(github_double))
