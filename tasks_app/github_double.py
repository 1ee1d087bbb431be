"""Runs the tests' double of GitHub as a process of its own, for the demo: repositories, git and pages on this machine, at GitHub's own calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from tasks_app.tether import tethered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV")


class DoubleError(Exception):
    """The double did not start, or was asked for what GitHub would refuse; the message says why."""


@dataclass(frozen=True, slots=True)
class Double:
    """The double under way: its address, whose token it takes, and the token, made up for this run."""

    url: str
    login: str
    token: str

    def settings(self) -> Mapping[str, str]:
        """Return what a service must be given to publish there."""
        return {"FORGE": "github", "GITHUB_TOKEN": self.token, "GITHUB_API_URL": self.url}

    def account(self) -> str:
        """Return a sentence of what it was asked for. Raises DoubleError where something was against GitHub's description of its API."""
        with httpx2.Client(timeout=10.0, trust_env=False) as client:
            told: dict[str, Any] = client.get(f"{self.url}/_double/summary").json()
        if told["violations"] or told["exceeded"]:
            raise DoubleError("GitHub would not take this: " + "; ".join(told["violations"] + told["exceeded"]))
        return (
            f"{told['writes']} REST writes and {told['pushes']} pushes in {sum(told['kinds'].values())} requests, "
            "0 violations of GitHub's own description of its API"
        )


@contextmanager
def github_double(log: Path) -> Iterator[Double]:
    """Run the double until the block ends; it writes into `log`, and dies with us. Raises DoubleError."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    with log.open("wb") as errors:
        process = subprocess.Popen(
            tethered((sys.executable, "-m", "tests.doubles.github")),
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
        )  # fmt: skip
        with process:
            try:
                yield _ready(process, log)
            finally:
                process.terminate()


def _ready(process: subprocess.Popen[bytes], log: Path) -> Double:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise DoubleError(f"the double of GitHub did not start: {log.read_text(errors='replace').strip()[-500:]}")
    told = json.loads(line)
    return Double(told["url"], told["login"], told["token"])
