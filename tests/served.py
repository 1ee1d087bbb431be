"""The service as it is run, in processes of its own, and a real browser to look at it with."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "the-operator-of-this-test"
SECRET = "only-for-this-test"


@dataclass(frozen=True)
class Service:
    """A running `serve`: the admin's origin, the pages' origin, its data."""

    public: str
    pages: str
    data: Path

    def users(self) -> list[tuple[object, ...]]:
        with sqlite3.connect(self.data / "db.sqlite3") as database:
            return database.execute("SELECT id, username, password, is_active FROM auth_user ORDER BY id").fetchall()


def chromium() -> str:
    """Return the machine's browser; without one skip, on the checking machine fail."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, names)), "")
    if not found and os.environ.get("CI") == "true":
        pytest.fail("CI=true and there is no Chromium: install it, or name one in CHROMIUM_PATH")
    if not found:
        pytest.skip("no Chromium on this machine: install it, or name one in CHROMIUM_PATH")
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """Run the machine's browser."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield running
        running.close()


@contextmanager
def served(data: Path, *, prepare: Callable[[Service], None] = lambda _: None) -> Iterator[Service]:
    """Run `serve` on embedded parts with its data under `data`; `prepare` is called while it starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(data), "ENV_FILE": os.devnull, "DATA_DIR": str(data), "SECRET": SECRET,
        "FORGE": "local", "LLM_PROVIDER": "simulated", "BROWSERS": "0", "ADMIN_USERNAME": "operator", "ADMIN_PASSWORD": PASSWORD,
    }  # fmt: skip
    command = [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    with (data / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    running = Service(f"http://localhost:{port}", f"http://127.0.0.1:{port}", data)
    try:
        prepare(running)
        _wait_until_ready(running, process)
        yield running
    finally:
        process.terminate()
        process.wait(25)


def _wait_until_ready(service: Service, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(f"{service.pages}/readyz", trust_env=False).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.1)
    pytest.fail((service.data / "log").read_text())
