"""Locks of a bare repository on this machine whose writers may be killed at any moment."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Writers hold a ref's lock for milliseconds, so the writer of a lock of this age was killed.
_STALE_SECONDS = 10.0


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Exclude our other writers of the repository at `path`. The kernel frees this lock when its holder dies.

    Locks of pack indexes are deleted: only dulwich makes them, and their writer is dead, since we hold the lock.
    """
    with (path / "writing").open("ab") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        for lock in path.glob("objects/pack/*.idx.lock"):
            lock.unlink()
        yield


def take_stale(ref: Path) -> None:
    """Delete a ref's lock if it is stale. A younger lock may belong to a git process, so it stays."""
    lock = ref.with_name(f"{ref.name}.lock")
    with suppress(FileNotFoundError):
        if datetime.now(UTC).timestamp() - lock.stat().st_mtime > _STALE_SECONDS:
            lock.unlink()
