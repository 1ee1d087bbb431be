"""What goes wrong in a fake, as a test planned it."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Faults:
    """What goes wrong in a fake, by method: each planned error is raised once, before or after the method's effect."""

    def __init__(self) -> None:
        self.before: defaultdict[str, list[BaseException]] = defaultdict(list)
        self.after: defaultdict[str, list[BaseException]] = defaultdict(list)

    @contextmanager
    def around(self, method: str) -> Iterator[None]:
        if self.before[method]:
            raise self.before[method].pop(0)
        yield
        if self.after[method]:
            raise self.after[method].pop(0)
