"""Limits how many check browsers run at a time on a machine. Each holds a file lock, which the kernel frees."""

from __future__ import annotations

import fcntl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAUSE = 0.1  # seconds


@contextmanager
def place(folder: Path, places: int, seconds: float) -> Iterator[bool]:
    """Hold one of `places` places. Yields False if none was free within `seconds`."""
    folder.mkdir(parents=True, exist_ok=True)
    ends = time.monotonic() + seconds
    while True:
        for number in range(places):
            with (folder / f"place-{number}").open("ab") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield True
                return
        if time.monotonic() >= ends:
            yield False
            return
        time.sleep(_PAUSE)
