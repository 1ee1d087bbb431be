"""A bound for code that reads what strangers wrote: no text may make it take long."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: CPU seconds. Linear reading of the tests' texts takes five at most on a busy machine, whose CPU seconds do less; a reading whose
#: time grows with the square of a long text takes minutes.
LIMIT = 20.0


@contextmanager
def little_time() -> Iterator[None]:
    """Fail where what is done inside takes more than LIMIT."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < LIMIT
