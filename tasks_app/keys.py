"""Secret values that the first start generates and stores in files that only this user can read."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def known_key(file: Path) -> str:
    """Return the file's text, "" if there is no file that this user can read."""
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


def kept_key(file: Path, make: Callable[[], str]) -> str:
    """Return the file's text; if the file is missing, create it with `make()`, once even under concurrent starts.

    Raises OSError.
    """
    if not file.exists():
        draft = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            draft.touch(mode=0o600)
            draft.write_text(make())
            file.hardlink_to(draft)  # atomic, and it never replaces another process's file
        except FileExistsError:
            pass
        finally:
            draft.unlink(missing_ok=True)
    return file.read_text().strip()
