"""How much memory is free for this process: on the machine, and within its control group, as in a container."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
#: The limit and the use of our control group: version 2, then version 1, as a container sees them.
#: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
_GROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)


def available_bytes(meminfo: Path = _MEMINFO) -> int | None:
    """Return the machine's memory that programs can still take; None if the kernel does not say."""
    with suppress(OSError, ValueError, IndexError), meminfo.open() as lines:
        for line in lines:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def free_bytes(meminfo: Path = _MEMINFO, groups: tuple[tuple[Path, Path], ...] = _GROUPS) -> int | None:
    """Return the smaller of what the machine and our control group have left; None if neither is known.

    The use of a control group counts cached files, which the kernel can drop: the true rest is larger.
    """
    found = [free for free in (available_bytes(meminfo), *(_left(*group) for group in groups)) if free is not None]
    return min(found, default=None)


def _left(limit: Path, use: Path) -> int | None:
    with suppress(OSError, ValueError):  # "max" stands for no limit
        return max(int(limit.read_text()) - int(use.read_text()), 0)
    return None
