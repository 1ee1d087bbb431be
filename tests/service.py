"""A whole service under test: `serve` with its own data on a free port, spoken to as an evaluator does, and the web
alone."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import httpx2
import psycopg

from tests.processes import command_of, free_port, status_of, wait_for
from tests.roles import ROLES, by_role, writing_to

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

ROOT = Path(__file__).resolve().parents[1]
SECRET = "only-for-this-test"


def bare_environment(data: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a process that has a folder for its data and these variables, and no `.env`."""
    return {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DATA_DIR": str(data), **variables}


class Service:
    """`manage.py serve` over a folder. Started again it goes on with the same data, on the same port.

    It is started by hand; where the `with` block ends whatever is left of it is killed.
    """

    def __init__(self, folder: Path, *, workers: int = 3, log: str = "log", **environment: str) -> None:
        self.data, self.log, self.workers = folder / "data", folder / log, workers
        self.port = free_port()
        self.database = ""  # where the test itself looks, if not where the service does
        self._environment = {
            **bare_environment(self.data),
            "HOME": str(folder),
            "SECRET": SECRET,
            "FORGE": "local",
            "LLM_PROVIDER": "simulated",
            "BROWSERS": "0",  # checks in a browser have tests of their own
            "ALLOW_PRIVATE_URLS": "1",
            "THROTTLE_PER_MINUTE": "0",
            "DEBUGGABLE": "1" if os.geteuid() else "0",  # only root finds the processes of a service in /proc
            **environment,
        }
        self._client = httpx2.Client(timeout=20, trust_env=False)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        for pid in self.everyone():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process:
            self.process.wait(10)

    @property
    def public(self) -> str:
        """Return the origin of the console and the API."""
        return f"http://localhost:{self.port}"

    @property
    def pages(self) -> str:
        """Return the origin of published pages."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """Return what its processes find in their environment."""
        return dict(self._environment)

    # --- Starting and ending ---

    def start(self) -> Self:
        """Start `serve`; it need not be ready on return."""
        bind = f"127.0.0.1:{self.port}"
        self.launch([sys.executable, "manage.py", "serve", "--bind", bind, "--workers", str(self.workers)])
        return self

    def launch(self, command: Sequence[str]) -> None:
        """Start its main process."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    def until_whole(self, seconds: float = 60) -> Self:
        """Wait until it is ready and every process is there."""
        assert wait_for(self.is_whole, seconds), f"{self.roles()}\n{self.table()}\n{self.tail()}"
        return self

    def is_whole(self) -> bool:
        roles = self.roles()
        workers = len(roles["busy worker"]) + len(roles["idle worker"])
        others = all(roles[name] for name in ROLES if name not in ("busy worker", "idle worker"))
        return others and workers == self.workers and len(roles["web worker"]) == 2 and self.get("/readyz") is not None

    def stop(self, seconds: float = 25) -> int:
        """End it as a deployer does and return the exit code. Raises TimeoutExpired."""
        assert self.process
        self.process.terminate()
        return self.process.wait(seconds)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-6000:]

    # --- Its processes ---

    def everyone(self) -> set[int]:
        """Return all processes that came out of any start of this service, whoever their parent is by now."""
        return writing_to(self.log)

    def table(self) -> str:
        """Return its processes as text, for a failure's message."""
        return "\n".join(f"{pid} {status_of(pid)} {command_of(pid).strip()}" for pid in sorted(self.everyone()))

    def roles(self) -> dict[str, list[int]]:
        """Return the living processes below `serve` by what they are; those in the making are in none."""
        if not self.process or self.process.poll() is not None:
            return {role: [] for role in ROLES}
        return by_role(self.process.pid, self.everyone(), self.leased())

    def leased(self) -> set[int]:
        """Return the processes that hold a round."""
        owners = self.rows("SELECT lease_owner FROM tasks_app_round WHERE lease_token IS NOT NULL")
        return {int(owner.rpartition(":")[2]) for (owner,) in owners}

    # --- What it knows ---

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Read from its database, each `?` a value; nothing while there is none.

        An id of a round comes as 32 hex digits.
        """
        if url := self.database or self._environment.get("DATABASE_URL"):
            return _rows_of(url, sql, values)
        database = self.data / "db.sqlite3"
        if not database.exists():
            return []
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as connection,
        ):
            return connection.execute(sql, values).fetchall()
        return []

    def get(self, path: str) -> dict[str, Any] | None:
        """Return a 200's JSON; None for anything else."""
        try:
            answer = self._client.get(f"{self.public}{path}")
        except httpx2.HTTPError:
            return None
        return answer.json() if answer.status_code == 200 else None

    def post(self, task: Mapping[str, Any], seconds: float = 60) -> str:
        """Post a task again and again until it is accepted, as an evaluator does; return its id."""
        deadline, said = time.monotonic() + seconds, ""
        while time.monotonic() < deadline:
            try:
                answer = self._client.post(f"{self.public}/handle_task", json={**task, "secret": SECRET})
            except httpx2.HTTPError as error:
                said = repr(error)
            else:
                if answer.status_code == 200:
                    return str(answer.json()["id"])
                said = f"{answer.status_code} {answer.text[:500]}"
            time.sleep(0.1)
        raise AssertionError(f"not accepted within {seconds} s: {said}\n{self.tail()}")

    def completes(self, identity: str, seconds: float) -> dict[str, Any]:
        """Wait until a round is completed and return its status."""
        last: dict[str, Any] = {}

        def ended() -> bool:
            last.update(self.get(f"/api/rounds/{identity}") or {})
            return last.get("state") in ("completed", "failed", "cancelled")

        assert wait_for(ended, seconds), f"{last}\n{self.tail()}"
        assert last["state"] == "completed", f"{last}\n{self.tail()}"
        return last


def _rows_of(url: str, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    """Read from PostgreSQL. A table that is not there yet holds nothing."""
    with suppress(psycopg.OperationalError, psycopg.errors.UndefinedTable), psycopg.connect(url) as connection:
        found = connection.execute(sql.replace("?", "%s"), values).fetchall()
        return [tuple(one.hex if isinstance(one, UUID) else one for one in row) for row in found]
    return []


class Web(Service):
    """The web alone, as one runs it before workers on other machines."""

    commands: Sequence[Sequence[str]] = (
        (sys.executable, "manage.py", "migrate", "-v0"),
        (sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"),
    )

    def start(self) -> Self:
        """Migrate and start gunicorn."""
        self._environment |= {"BIND": f"127.0.0.1:{self.port}", "PORT": str(self.port)}
        migrate, web = self.commands
        with self.log.open("ab") as log:
            subprocess.run(migrate, cwd=ROOT, env=self._environment, stdout=log, stderr=log, check=True)
        self.launch(web)
        return self

    def is_whole(self) -> bool:
        return self.get("/healthz") is not None


class Workers(Service):
    """Workers and their dispatcher alone, as on a further machine."""

    command: Sequence[str] = (sys.executable, "manage.py", "worker")

    def start(self) -> Self:
        """Start them; somebody else has migrated."""
        self.launch([*self.command, "--workers", str(self.workers)])
        return self

    def is_whole(self) -> bool:
        roles = self.roles()
        return len(roles["busy worker"]) + len(roles["idle worker"]) == self.workers


def task(name: str, number: int, nonce: str, url: str) -> dict[str, Any]:
    """Return a small task without its secret."""
    return {
        "email": "student@example.com",
        "task": name,
        "round": number,
        "nonce": nonce,
        "brief": f"Publish a page titled 'Task {name}, part {number}' with a paragraph in #part-{number}.",
        "checks": ["Repo has MIT license"],
        "evaluation_url": url,
        "attachments": [],
    }
