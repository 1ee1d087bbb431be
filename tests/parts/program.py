"""Servers that tests start themselves: found on the machine, run without root's rights, ended with the test."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Where Debian keeps PostgreSQL's programs, which it does not put on the path; newest last.
_ELSEWHERE = "/usr/lib/postgresql"


def program(name: str, *, package: str) -> str:
    """Return where a program is; without it skip, on the checking machine (CI=true) fail."""
    ours = sorted(map(str, Path(_ELSEWHERE).glob(f"*/bin/{name}")), key=lambda path: (len(path), path))
    found = shutil.which(name) or (ours[-1] if ours else "")
    if not found and os.environ.get("CI") == "true":
        pytest.fail(f"CI=true and there is no {name}: install {package}")
    if not found:
        pytest.skip(f"no {name} on this machine: install {package}")
    return found


@contextmanager
def folder() -> Iterator[Path]:
    """Return a folder for a server's data that it may write, whoever it runs as; it goes with its end."""
    with tempfile.TemporaryDirectory(prefix="parts-", ignore_cleanup_errors=True) as name:
        if user := _other_user():
            os.chown(name, user.pw_uid, user.pw_gid)
        yield Path(name)


def run(command: Sequence[str]) -> None:
    """Run a command to its end as the server's user. Raises CalledProcessError."""
    subprocess.run(_as_user(command), check=True, capture_output=True, cwd="/")


@contextmanager
def running(command: Sequence[str], log: Path, ready: Callable[[], object]) -> Iterator[None]:
    """Run a server until the block ends; fails where it is not ready within a minute.

    It dies with this process, however that dies.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            _as_user(command), stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True
        )
    try:
        if not wait_for(lambda: process.poll() is not None or ready(), 60) or process.poll() is not None:
            pytest.fail(f"{command[0]} did not start: {log.read_text(errors='replace')[-2000:]}")
        yield
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(20)


def _other_user() -> pwd.struct_passwd | None:
    """Return whom a server runs as where we are root, which PostgreSQL refuses to be; None: ourselves."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _as_user(command: Sequence[str]) -> Sequence[str]:
    """Return a command as its user runs it, killed by the kernel when we die."""
    user = _other_user()
    change = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"] if user else []
    return [program("setpriv", package="util-linux"), *change, "--pdeathsig=KILL", "--", *command]
