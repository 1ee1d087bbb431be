"""`manage.py rehearse` as a process over data of its own, and the rows that it leaves."""

from __future__ import annotations

import csv
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from tests.doubles.foreign.running import TEMPLATES
from tests.service import ROOT, bare_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

_RESULTS = """
    SELECT s.email, i.round, r.number, r.kind, r.check_text, r.score, r.reason FROM tasks_app_rehearsalresult r
    JOIN tasks_app_issuedtask i ON i.id = r.issued_id JOIN tasks_app_submission s ON s.id = i.submission_id
    ORDER BY s.id, i.task, i.round, r.number
"""


class Row(NamedTuple):
    """The result of one check."""

    email: str
    round: int
    number: int
    kind: str
    check: str
    score: float | None
    reason: str

    @property
    def failing(self) -> bool:
        return self.score is not None and self.score < 1  # no model judges here


@dataclass(frozen=True)
class Endpoints:
    """Whom a rehearsal judges: the endpoints by email, and their one secret."""

    by_email: Mapping[str, str]
    secret: str

    def write(self, file: Path) -> Path:
        """Write them as a file for `--submissions`."""
        with file.open("w", newline="") as opened:
            table = csv.writer(opened)
            table.writerow(["email", "endpoint", "secret"])
            table.writerows([email, endpoint, self.secret] for email, endpoint in self.by_email.items())
        return file


class Evaluator:
    """The command, started again and again with the same arguments; where the `with` block ends it is killed."""

    def __init__(self, folder: Path, endpoints: Endpoints, *, deadline: int, **environment: str) -> None:
        self.data, self.log = folder / "data", folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self._environment = {
            **bare_environment(self.data),
            "HOME": str(folder),
            "SECRET": "of-the-evaluator-alone",
            "FORGE": "local",
            "LLM_PROVIDER": "simulated",
            "ALLOW_PRIVATE_URLS": "1",
            **environment,
        }
        submissions = endpoints.write(folder / "submissions.csv")
        options = {"name": "tests", "tasks": 1, "rounds": 2, "pace": 0, "deadline": deadline}
        files = {"submissions": submissions, "templates": TEMPLATES}
        self._command = [sys.executable, "manage.py", "rehearse"]
        self._command += [f"--{name}={value}" for name, value in (options | files).items()]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Begin, or go on."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """End it as by `kill -9`, with the browsers that it started."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def until_end(self, seconds: float) -> int:
        """Wait until it ends by itself; return its exit code. Raises TimeoutExpired."""
        assert self.process
        return self.process.wait(seconds)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-6000:]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read from its database; nothing while there is none, or no table."""
        database = self.data / "db.sqlite3"
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as connection,
        ):
            return connection.execute(sql).fetchall()
        return []

    def results(self) -> list[Row]:
        return [Row(*row) for row in self.rows(_RESULTS)]
