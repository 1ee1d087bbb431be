"""How much memory is free for this process: on the machine, and within its control group, as in a container."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """The files of our control group that hold its limit, its use, and, after `cached`, the cache that can go."""

    limit: Path
    use: Path
    statistics: Path
    cached: str


#: Version 2, then version 1, as a container sees them.
#: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
_V2, _V1 = Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/memory")
_GROUPS = (
    ControlGroup(_V2 / "memory.max", _V2 / "memory.current", _V2 / "memory.stat", "inactive_file"),
    ControlGroup(
        _V1 / "memory.limit_in_bytes", _V1 / "memory.usage_in_bytes", _V1 / "memory.stat", "total_inactive_file"
    ),
)


def available_bytes(meminfo: Path = _MEMINFO) -> int | None:
    """Return the machine's memory that programs can still take; None if the kernel does not say."""
    kilobytes = _number(meminfo, "MemAvailable:")
    return None if kilobytes is None else kilobytes * 1024


def free_bytes(meminfo: Path = _MEMINFO, groups: tuple[ControlGroup, ...] = _GROUPS) -> int | None:
    """Return the smaller of what the machine and our control group have left; None if neither is known."""
    found = [free for free in (available_bytes(meminfo), *map(_left, groups)) if free is not None]
    return min(found, default=None)


def _left(group: ControlGroup) -> int | None:
    """Return what a control group has left. Its use counts cached files too, which the kernel drops when it must.

    kubelet and `docker stats` subtract the inactive ones as well.
    """
    with suppress(OSError, ValueError):  # "max" stands for no limit
        limit, use = int(group.limit.read_text()), int(group.use.read_text())
        cached = _number(group.statistics, group.cached) or 0
        return max(limit - max(use - cached, 0), 0)
    return None


def _number(path: Path, name: str) -> int | None:
    """Return the number after a name at the beginning of a line; None if there is none."""
    with suppress(OSError, ValueError, IndexError), path.open() as lines:
        for line in lines:
            words = line.split()
            if words and words[0] == name:
                return int(words[1])
    return None
