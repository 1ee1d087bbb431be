"""Runs the foreign implementation: in a thread of a test, or as a process of its own that dies with the test."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import uvicorn

from tests.doubles.foreign.service import ForeignService, routes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI

    from tests.doubles.foreign.faults import Faults

ROOT = Path(__file__).resolve().parents[3]
#: What tasks it knows.
TEMPLATES = Path(__file__).with_name("templates.yaml")


@dataclass(frozen=True)
class Foreign:
    """Where a running one is, and the secret that it takes."""

    url: str
    secret: str

    def endpoint(self, faults: str = "") -> str:
        """Return the address that tasks are posted to; with `faults`, of an endpoint that has these."""
        return f"{self.url}/with/{faults}/api-endpoint" if faults else f"{self.url}/api-endpoint"

    def log(self) -> list[dict[str, Any]]:
        """Return every POST of a task: email, task, round, nonce, path, at, and status once it was answered."""
        return list(httpx2.get(f"{self.url}/log", trust_env=False, timeout=30).json())


@contextmanager
def served(
    data: Path,
    *,
    faults: Faults | None = None,
    port: int = 0,
    secret: str = "",
    made: Callable[[ForeignService], FastAPI] = routes,
) -> Iterator[Foreign]:
    """Serve in a thread until the block ends. Without a secret one is made up."""
    service = ForeignService(data, secret or secrets.token_urlsafe(16), faults or {})
    with socket.create_server(("127.0.0.1", port), backlog=256) as listening:
        service.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            made(service), lifespan="off", ws="none", log_level="critical", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield Foreign(service.url, service.secret)
        finally:
            server.should_exit = True
            service.close()
            thread.join(10)


def run(data: Path, **options: Any) -> None:
    """Serve until SIGTERM or SIGINT, and print URL and secret as JSON once it is ready."""
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    with served(data, **options) as foreign:
        sys.stdout.write(json.dumps({"url": foreign.url, "secret": foreign.secret}) + "\n")
        sys.stdout.flush()
        done.wait()


@contextmanager
def process(data: Path, module: str = "tests.doubles.foreign", *arguments: str) -> Iterator[Foreign]:
    """Run the module until the block ends; it dies with us. Its errors go to a log beside its repositories."""
    from tasks_app.processes.parent_death import dies_with_parent

    data.mkdir(parents=True, exist_ok=True)
    command = dies_with_parent((sys.executable, "-m", module, "--data", str(data), *arguments))
    environment = {"PATH": os.environ["PATH"]}
    with (
        (data / "log").open("wb") as log,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
        ) as running,
    ):
        try:
            assert running.stdout
            line = running.stdout.readline()
            assert line, (data / "log").read_text(errors="replace")
            yield Foreign(**json.loads(line))
        finally:
            running.terminate()
