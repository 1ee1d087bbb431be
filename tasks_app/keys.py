"""Values made on the first start and kept in a file that only we may read."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def kept_key(file: Path, make: Callable[[], str]) -> str:
    """Return the file's text; where it does not exist yet, write `make()` into it, once even when several processes or threads start together."""
    if not file.exists():
        draft = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
        draft.touch(mode=0o600)
        draft.write_text(make())
        try:
            file.hardlink_to(draft)  # whole or not at all, and never over another's
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text().strip()
