"""This machine's processes and ports as tests look at them."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    """Look again and again until it is so; False when the time ran out."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def status_of(pid: int) -> tuple[int, str]:
    """Return a process's parent and state letter; (0, "") where there is none."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return 0, ""
    return int(parent), state


def alive(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    return status_of(pid)[1] not in ("", "Z", "X")


def children(pid: int) -> list[int]:
    """Return the living children of a process, oldest first."""
    everyone = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return sorted(child for child in everyone if alive(child) and status_of(child)[0] == pid)


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def mentioning(word: str) -> list[str]:
    """Return the command lines of living processes whose command or environment holds a word, each with its pid."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and alive(int(entry.name)):
            with suppress(OSError):
                command, environment = ((entry / name).read_bytes() for name in ("cmdline", "environ"))
                if word.encode() in command + environment:
                    found.append(f"{entry.name} {command.replace(bytes(1), b' ').decode(errors='replace')[:200]}")
    return found


def free_port() -> int:
    """Return a port of loopback that nobody listens at just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Say whether a server could listen there.

    Ask again for a moment after a kill: a process whose first thread has ended counts as dead in /proc and keeps its
    sockets until the last of its threads has ended too.
    """
    from tasks_app.processes.serve import Address, AddressError

    try:
        Address("127.0.0.1", port).must_be_free()
    except AddressError:
        return False
    return True
