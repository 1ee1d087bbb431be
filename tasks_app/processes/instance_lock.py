"""Which supervisors of this machine live: each keeps a file locked, and the kernel lets go of that when its holder dies, kill -9 included.

A pid would not do: in a container that is started again the new supervisor has the old one's.
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
    """Be known as alive under `name` while the block runs; yield the names of those that died without a farewell, each told once.

    https://man7.org/linux/man-pages/man2/flock.2.html
    """
    folder.mkdir(parents=True, exist_ok=True)
    mine = folder / name
    with mine.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        os.register_at_fork(
            after_in_child=held.close
        )  # the lock is shared by who has the file open, and a child is not us
        try:
            yield [other.name for other in sorted(folder.iterdir()) if other != mine and _has_died(other)]
        finally:
            mine.unlink(missing_ok=True)


def _has_died(other: Path) -> bool:
    """Say whether nobody holds a file, and if so take it away. Two that ask at once may both be told: what they do then is idempotent."""
    with suppress(FileNotFoundError, BlockingIOError), other.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        other.unlink()
        return True
    return False
