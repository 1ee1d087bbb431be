"""The locks of a bare repository on this machine whose writers may be killed at any moment."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Writers hold a ref's lock for milliseconds; one this old belongs to a process that was killed.
_STALE_SECONDS = 10.0


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Take turns with our other writers of the repository at `path`. The kernel frees this lock when its holder dies, unlike git's.

    A pack whose index is locked is ours (dulwich makes that lock, git has none), and its writer is dead, since it is our turn: it is freed.
    """
    with (path / "writing").open("ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for lock in path.glob("objects/pack/*.idx.lock"):
            lock.unlink()
        yield


def take_stale(ref: Path) -> None:
    """Free a ref whose lock is older than any living writer's. It may be git's own, so a younger one is left to its holder."""
    lock = ref.with_name(f"{ref.name}.lock")
    with suppress(FileNotFoundError):
        if datetime.now(UTC).timestamp() - lock.stat().st_mtime > _STALE_SECONDS:
            lock.unlink()
