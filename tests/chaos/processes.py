"""Processes as /proc shows them: who lives, who is whose child, and what each of a service's processes is."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tasks_app.serving import Address, AddressError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

#: The dispatcher is a thread of `serve`: that role stands for both.
ROLES = (
    "serve",
    "web master",
    "web worker",
    "cluster main",
    "sentinel",
    "busy worker",
    "idle worker",
    "monitor",
    "pusher",
)


def wait_for(condition: Callable[[], object], seconds: float) -> bool:
    """Look again and again until it is so; False when the time ran out."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
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
    return status_of(pid)[1] not in ("", "Z")


def is_free(port: int) -> bool:
    """Say whether a server could listen there.

    Ask again for a moment after a kill: a process whose first thread has ended counts as dead in /proc and keeps its sockets until the
    last of its threads has ended too.
    """
    try:
        Address("127.0.0.1", port).must_be_free()
    except AddressError:
        return False
    return True


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def writing_to(log: Path) -> set[int]:
    """Return the living processes whose standard error is this file.

    That is how those of one service are told from others: process titles are written over the environment that they started with.
    """
    found = set()
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "fd/2").readlink() == log and alive(int(entry.name)):
                found.add(int(entry.name))
    return found


def by_role(serve: int, everyone: Collection[int], busy: Collection[int]) -> dict[str, list[int]]:
    """Sort the processes below `serve`; `busy` are those that hold a round."""
    found: dict[str, list[int]] = {role: [] for role in ROLES}
    found["serve"] = [serve]
    parents = {pid: status_of(pid)[0] for pid in everyone}
    below = {pid: sorted(child for child in everyone if parents[child] == pid) for pid in everyone}
    for main in below.get(serve, []):
        command = command_of(main)
        if "gunicorn" in command and "tether" not in command:
            found["web master"].append(main)
            found["web worker"] += below[main]
        elif "cluster" in command and "tether" not in command:
            found["cluster main"].append(main)
            found["sentinel"] += below[main]
    for pid in (member for sentinel in found["sentinel"] for member in below[sentinel]):
        if role := _member(command_of(pid), busy=pid in busy):
            found[role].append(pid)
    return found


def _member(command: str, *, busy: bool) -> str:
    """Name a process of the cluster by the title that django-q gives it."""
    if command.rstrip().endswith((" monitor", " pusher")):
        return command.split()[-1]
    if busy:
        return "busy worker"
    return "idle worker" if command.rstrip().endswith(" idle") else ""
