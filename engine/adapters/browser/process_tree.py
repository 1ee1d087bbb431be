"""Measures the memory of a process and its descendants, and kills them. It reads /proc, so it needs Linux."""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from pathlib import Path

_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
_MOST_PASSES = 5  # over /proc, until a pass finds no new process


class ProcessTree:
    """A process and its descendants, also in other sessions. It remembers a descendant after the parent's death."""

    def __init__(self, pid: int) -> None:
        self._root = pid
        self._known: dict[int, int] = {}  # pid: start time, which differs if the kernel reuses the pid

    def look(self) -> bool:
        """Find the present descendants; return whether any is new."""
        started, children = _processes()
        before = len(self._known)
        waiting = [pid for pid, start in self._known.items() if started.get(pid) == start]
        waiting += [self._root] if self._root in started and self._root not in self._known else []
        visited = set(waiting)
        while waiting:
            pid = waiting.pop()
            self._known.setdefault(pid, started[pid])
            new = [child for child in children.get(pid, []) if child not in visited]
            visited.update(new)
            waiting += new
        return len(self._known) > before

    def memory_bytes(self, *, itself: bool = True) -> int:
        """Return the memory of all processes, shared pages counted once. `itself` False leaves the root process out.

        https://www.kernel.org/doc/html/latest/filesystems/proc.html (Pss)
        """
        return sum(_memory(pid) for pid in self._living() if itself or pid != self._root)

    def kill(self, *, itself: bool = True) -> None:
        """Kill all processes; `itself` False spares the root process."""
        if itself:
            _signal(self._root, signal.SIGSTOP)  # so that it starts no more processes meanwhile
        for _ in range(_MOST_PASSES):
            new = self.look()
            for pid in self._living():
                if itself or pid != self._root:
                    _signal(pid, signal.SIGKILL)
            if not new:
                return

    def _living(self) -> list[int]:
        started, _ = _processes()
        return [pid for pid, start in self._known.items() if started.get(pid) == start]


def _processes() -> tuple[dict[int, int], dict[int, list[int]]]:
    """Return the start time and the children of every process, by pid."""
    started: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                started[int(entry.name)] = int(fields[19])
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    return started, children


def _memory(pid: int) -> int:
    """Return the proportional set size in bytes, or the unshared size if the kernel does not show us the former."""
    with suppress(OSError):
        if found := _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text()):
            return int(found[1]) * 1024
    with suppress(OSError, ValueError):
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
