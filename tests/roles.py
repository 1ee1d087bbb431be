"""What each of a service's processes is, as /proc shows it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.processes import alive, command_of, status_of

if TYPE_CHECKING:
    from collections.abc import Collection

ROLES = (
    "serve",
    "dispatcher",
    "web master",
    "web worker",
    "cluster main",
    "sentinel",
    "busy worker",
    "idle worker",
    "monitor",
    "pusher",
)


def writing_to(log: Path) -> set[int]:
    """Return the living processes whose standard error is this file.

    That is how those of one service are told from others: process titles are written over the environment that they
    started with.
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
        if command.startswith("gunicorn"):
            found["web master"].append(main)
            found["web worker"] += below[main]
        elif command.startswith("qcluster"):
            found["cluster main"].append(main)
            found["sentinel"] += below[main]
        elif command.rstrip().endswith(": dispatcher"):
            found["dispatcher"].append(main)
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
