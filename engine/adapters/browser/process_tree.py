"""A process and its descendants: measures their memory and kills them. Linux only: reads /proc."""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from pathlib import Path

_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
_LOOKS = 5  # at most, until one finds nothing new


class ProcessTree:
    """A process and its descendants, those of other sessions too. One that was seen stays known when its parent is gone."""

    def __init__(self, pid: int) -> None:
        self._root = pid
        self._known: dict[int, int] = {}  # pid: start time, by which a pid used anew is told apart

    def look(self) -> bool:
        """Learn who is there now; say whether anybody is new."""
        started, children = _processes()
        before = len(self._known)
        waiting = [pid for pid, start in self._known.items() if started.get(pid) == start]
        waiting += [self._root] if self._root in started and self._root not in self._known else []
        seen = set(waiting)
        while waiting:
            pid = waiting.pop()
            self._known.setdefault(pid, started[pid])
            new = [child for child in children.get(pid, []) if child not in seen]
            seen.update(new)
            waiting += new
        return len(self._known) > before

    def memory_bytes(self, *, itself: bool = True) -> int:
        """Return how much memory they take together, what they share counted once; `itself` False leaves the first out.

        https://www.kernel.org/doc/html/latest/filesystems/proc.html (Pss)
        """
        return sum(_memory(pid) for pid in self._living() if itself or pid != self._root)

    def kill(self, *, itself: bool = True) -> None:
        """Kill all of them, from the top; `itself` False spares the first."""
        if itself:
            _signal(self._root, signal.SIGSTOP)  # so that it starts nothing more meanwhile
        for _ in range(_LOOKS):
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
    """Return every process's start time, and every process's children."""
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
    """Return the proportional share of one; of a process that does not tell us, what is its alone."""
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
