"""Keeps other users of this machine, and the check browser, from what the service's processes and files hold."""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PR_SET_DUMPABLE = 4

#: What the service makes in DATA_DIR.
_OURS = (
    "db.sqlite3*", "django_secret_key*", "admin_password*", "credential-*", "credentials.lock", "intake.lock",
    "counts.lock", "browser.json*", "browsers", "cache", "forge", "supervisors", "demo", "demo-[0-9]*",
)  # fmt: skip


def close_new_files() -> None:
    """Let this process, and those that it starts, make files for its own user only."""
    os.umask(0o077)


def shield() -> None:
    """Keep this process, and those that it forks, from other processes of the same user.

    The environment and the memory hold every secret, and the check browser has the same user. Root can still read and
    debug both. A program that is started by exec is readable again: it calls this itself, or has no secret.
    https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html (Linux only)
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def close_to_others(folder: Path, files: Iterable[Path] = ()) -> list[str]:
    """Take the rights of other users from the service's own files in `folder`, and from `files`.

    The folder itself is closed too if nothing else is in it. Return a sentence on each change, and on what stays open.
    """
    ours = [path for pattern in _OURS for path in folder.glob(pattern)]
    closed = [path for path in dict.fromkeys([*ours, *filter(Path.is_file, files)]) if _is_open(path)]
    alone = set(folder.iterdir()) <= set(ours)
    sentences = [_closed(path) for path in closed]
    if _is_open(folder):
        sentences.append(
            _closed(folder)
            if alone
            else f"Other users of this machine can list {folder}, which holds files of others too: chmod 700 {folder}."
        )
    return sentences


def _is_open(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        return False


def _closed(path: Path) -> str:
    try:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o700)
    except OSError as error:
        return f"Other users of this machine can read {path}: its rights could not be changed ({error.strerror})."
    return f"Other users of this machine could read {path}: they cannot any more."
