"""The service as benchmarks run it: `serve` or the web alone over a folder that goes with its end."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds for a start: a busy machine takes its time, and a start is not what is measured.
STARTS = 300.0

#: What a browser needs where we are root.
NO_SANDBOX = {"CHROMIUM_NO_SANDBOX": "1"} if os.geteuid() == 0 else {}


@contextmanager
def running(kind: type[Service] = Service, *, workers: int = 8, **environment: str) -> Iterator[Service]:
    """Run a service until the block ends, whole from the beginning: simulated model, local forge, no browser, unless
    the environment says so."""
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as folder,
        kind(Path(folder), workers=workers, **environment) as service,
    ):
        yield service.start().until_whole(STARTS)
