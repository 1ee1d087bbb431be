"""`make demo`: two rounds on embedded parts, sent as an evaluator sends them, and verified from outside.

A script that uses the service's public interface only: it starts `manage.py serve` and speaks HTTP.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from tasks_app.processes.parent_death import dies_with_parent
from tasks_app.rehearsal.evaluator import (
    SAMPLES,
    Listener,
    Service,
    TaskError,
    check_counts,
    fresh_nonce,
    load_task,
    shortcomings,
)
from tasks_app.rehearsal.progress import Progress
from tasks_app.rehearsal.proof import REQUIRED, Clone, ProofError, data_files, prove

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
ROUND_SECONDS = 120.0
START_SECONDS = 90.0

#: The only variables that the service inherits: no token or address of a real service may reach it.
PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV", "CHROMIUM_PATH", "SIMULATED_LLM_SECONDS",
)  # fmt: skip


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


@dataclass(frozen=True, slots=True)
class DemoForge:
    """Where the demo publishes: a description, the service's settings for it, and a summary for the end of the demo."""

    description: str
    settings: Mapping[str, str] = field(default_factory=dict)
    summary: Callable[[], str] = str


@contextmanager
def local_forge(data: Path) -> Iterator[DemoForge]:
    """Yield the embedded forge, which needs no other process."""
    yield DemoForge("FORGE=local: real git repositories and pages, on this machine", {"FORGE": "local"})


@dataclass(frozen=True, slots=True)
class Running:
    process: subprocess.Popen[bytes]
    service: Service
    port: int
    data: Path
    secret: str
    signing_key: bytes
    environment: Mapping[str, str] = field(repr=False)


def main(forge: Callable[[Path], AbstractContextManager[DemoForge]] = local_forge) -> int:
    """Run the demo; return 0, 1 after a failure, 130 if interrupted. `forge` gets a directory for its files."""
    leave = os.environ.get("EXIT", "") not in ("", "0")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        demonstrate(leave=leave, forge=forge)
    except (DemoError, TaskError, ProofError) as reason:
        say(f"\ndemo FAILED: {reason}")
        return 1
    except KeyboardInterrupt:
        say("\nstopped")
        return 130 if leave else 0
    return 0


def demonstrate(*, leave: bool, forge: Callable[[Path], AbstractContextManager[DemoForge]] = local_forge) -> None:
    """Play and verify both rounds, then serve until Ctrl-C unless `leave`. Raises DemoError, TaskError, ProofError."""
    started = time.monotonic()
    with ExitStack() as stack:
        data = stack.enter_context(own_data())
        place = stack.enter_context(forge(data))
        running = stack.enter_context(served(data, place))
        listener = stack.enter_context(Listener())
        say(
            f"service ready after {time.monotonic() - started:.1f} s: {running.service.url} "
            f"(log: {shortened(data / 'serve.log')})"
        )
        attachments: dict[str, bytes] = {}
        result = ""
        for number, name in enumerate(("sales", "sales-2"), 1):
            task = load_task(SAMPLES / f"{name}.json")
            attachments |= data_files(task["attachments"])
            callback = play_round(running, listener, task)
            cloned = prove(callback, commits=number, attachments=attachments, secret=running.secret)
            say(_verified(number, cloned, attachments))
            result = _result(callback, running, sorted(cloned.files), place.description)
        say(result)
        if summary := place.summary():
            say(summary)
        say(f"total: {time.monotonic() - started:.1f} s")
        if not leave:
            say("\nserving until Ctrl-C")
            code = running.process.wait()
            raise DemoError(f"the service ended with code {code}\n{_tail(data / 'serve.log')}")


def play_round(running: Running, listener: Listener, task: Mapping[str, Any]) -> dict[str, Any]:
    """Send a round, show its progress, and return the callback's fields. Raises DemoError."""
    started = time.monotonic()
    task = {**task, "nonce": fresh_nonce(), "secret": running.secret, "evaluation_url": listener.url}
    say(f"\nround {task['round']}: {task['brief']}")
    accepted = running.service.post(task)
    status = Progress(lambda: running.service.round(str(accepted["id"])), sys.stdout).follow(ROUND_SECONDS)
    callback = listener.wait(task["nonce"], 5.0)
    differences = shortcomings(status) + (
        callback.problems(task, signing_key=running.signing_key) if callback else ["no callback came"]
    )
    if differences or not callback:
        raise DemoError(f"round {task['round']}: {'; '.join(differences)}\n{_tail(running.data / 'serve.log')}")
    say(f"  callback received after {time.monotonic() - started:.1f} s; {check_counts(status)}")
    return callback.fields()


def _verified(number: int, cloned: Clone, attachments: Mapping[str, bytes]) -> str:
    commits = "1 commit" if number == 1 else f"{number} commits"
    return (
        f"  verified: cloned {cloned.head[:12]}, the commit told, {commits} in all; {', '.join(REQUIRED)} there;\n"
        f"            the page served is that commit's index.html, {', '.join(attachments)} byte for byte"
    )


@contextmanager
def own_data(name: str = "demo") -> Iterator[Path]:
    """Lock and yield a directory that no other demo uses: data/demo, or data/demo-2, … while other demos run."""
    for number in range(1, 100):
        data = DATA / (name if number == 1 else f"{name}-{number}")
        data.mkdir(parents=True, exist_ok=True)
        with (data / ".lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield data
            return
    raise DemoError(f"99 demos run under {DATA}")


@contextmanager
def served(data: Path, forge: DemoForge) -> Iterator[Running]:
    """Run `manage.py serve` with `forge` until the block ends. Raises DemoError if it does not become ready."""
    port, secret, signing_key = _free_port(8000), secrets.token_urlsafe(24), secrets.token_bytes(32)
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
        "ENV_FILE": os.devnull, "DATA_DIR": str(data), "PORT": str(port), "SECRET": secret, "WORKERS": "2",
        "LLM_PROVIDER": "simulated", "ALLOW_PRIVATE_URLS": "1", "PYTHONUNBUFFERED": "1",
        "WEBHOOK_SIGNING_SECRET": base64.b64encode(signing_key).decode(),
        **forge.settings,
    }  # fmt: skip
    if os.geteuid() == 0:
        environment["CHROMIUM_NO_SANDBOX"] = "1"
    with (data / "serve.log").open("wb") as log, httpx2.Client(timeout=30.0, trust_env=False) as client:
        process = subprocess.Popen(
            dies_with_parent((sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{port}")),
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        service = Service(f"http://localhost:{port}", client)
        running = Running(process, service, port, data, secret, signing_key, environment)
        try:
            _wait_until_ready(running)
            yield running
        finally:
            _end(process)


def _wait_until_ready(running: Running) -> None:
    deadline, reason = time.monotonic() + START_SECONDS, "no answer"
    while time.monotonic() < deadline:
        if running.process.poll() is not None:
            raise DemoError(
                f"the service ended with code {running.process.returncode}\n{_tail(running.data / 'serve.log')}"
            )
        try:
            answer = running.service.client.get(f"{running.service.url}/readyz")
        except httpx2.HTTPError as error:
            reason = str(error)
        else:
            if answer.status_code == 200:
                return
            reason = f"{answer.status_code} {answer.text[:500]}"
        time.sleep(0.1)
    raise DemoError(
        f"the service was not ready within {START_SECONDS:g} s: {reason}\n{_tail(running.data / 'serve.log')}"
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop the service. A second Ctrl-C kills it; the kernel then kills its children."""
    process.terminate()
    try:
        process.wait(25.0)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()


def _result(callback: Mapping[str, Any], running: Running, files: list[str], forge: str) -> str:
    return "\n".join(
        (
            "",
            f"repository  {callback['repo_url']}",
            f"commit      {callback['commit_sha']}",
            f"files       {', '.join(files)}",
            f"page        {callback['pages_url']}",
            f"admin       {running.service.url}/admin/   login: {login(running)}",
            "",
            simulated(forge),
        )
    )


def login(running: Running) -> str:
    password = running.data / "admin_password"
    return f"admin / {password.read_text().strip()}" if password.exists() else "see the log"


def simulated(forge: str) -> str:
    """Return two lines that say what is not real here."""
    return (
        "simulated here: the model "
        "(LLM_PROVIDER=simulated: a template page that says so; nothing of a brief is understood)\n"
        f"                and GitHub ({forge})"
    )


def _free_port(preferred: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", preferred))
            return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tail(log: Path, lines: int = 20) -> str:
    text = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join(f"  | {line}" for line in text)


def shortened(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
