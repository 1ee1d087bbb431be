"""Which supervisors run on this machine: each holds a lock on its file, which the kernel releases even after kill -9.

A pid would not do: in a restarted container the new supervisor has the old one's pid.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def present(folder: Path, name: str) -> Iterator[list[str]]:
    """Hold the lock of `name` while the block runs; yield, once each, the names of supervisors that died uncleanly.

    https://man7.org/linux/man-pages/man2/flock.2.html
    """
    folder.mkdir(parents=True, exist_ok=True)
    own_file = folder / name
    with own_file.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.register_at_fork(after_in_child=lock.close)  # a child with the open file would keep the lock
        try:
            yield [other.name for other in sorted(folder.iterdir()) if other != own_file and _has_died(other)]
        finally:
            own_file.unlink(missing_ok=True)


def _has_died(other: Path) -> bool:
    """Say whether no process locks a file, and delete it then. Two callers may both get True; that does no harm."""
    with suppress(FileNotFoundError, BlockingIOError), other.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        other.unlink()
        return True
    return False
