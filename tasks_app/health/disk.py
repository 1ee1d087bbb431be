"""The space left for DATA_DIR, so that tasks are refused before the disk is full and not half-way through a write."""

from __future__ import annotations

import shutil

from django.conf import settings

#: Bytes that the rounds under way need to end well.
LEAST_FREE = 8_000_000

#: Below this a person should make room; it is far above LEAST_FREE.
LOW_FREE = 250_000_000

#: A request is in a row, in the database's log of changes and in its attachments.
_COPIES = 3


def disk_problem(size: int = 0) -> str:
    """Return a sentence if the disk has no room for a request of `size` bytes, else ""."""
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free >= LEAST_FREE + _COPIES * size:
        return ""
    return f"The disk of DATA_DIR has {free / 1e6:.1f} MB left, too little to store a task."


def disk_warning() -> str:
    """Return a sentence if the disk will soon have no room for tasks, else ""."""
    free = shutil.disk_usage(settings.DATA_DIR).free
    return f"The disk of DATA_DIR has {free / 1e6:.0f} MB left." if free < LOW_FREE else ""
