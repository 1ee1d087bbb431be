"""A bound for code that reads what strangers wrote: no text may make it take long."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: CPU seconds for texts of a megabyte: the slowest takes 4.7 on a busy machine, whose CPU seconds do less.
LARGE = 20.0


@contextmanager
def little_time(seconds: float = 6.0) -> Iterator[None]:
    """Fail where what is done inside takes more CPU seconds.

    A plain search whose time grows with the square of its text takes 1.2 s for 40,000 characters, 10 for 100,000, 36
    for 200,000: of shorter texts only what is worse than that is found.
    """
    begun = time.process_time()
    yield
    assert time.process_time() - begun < seconds
