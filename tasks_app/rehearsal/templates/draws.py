"""Numbers and choices that follow from a seed, the same on every machine and under every version of Python."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class SeededDraws:
    """A row of draws for one key. Python promises no such stability for `random.Random.choice` or `shuffle`."""

    def __init__(self, *key: str) -> None:
        self._key = hashlib.sha256("\0".join(key).encode()).digest()
        self._drawn = 0

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to `limit` - 1."""
        block = hashlib.sha256(self._key + self._drawn.to_bytes(8, "big")).digest()
        self._drawn += 1
        return int.from_bytes(block, "big") % limit

    def between(self, low: int, high: int) -> int:
        return low + self.below(high - low + 1)

    def one_of(self, values: Sequence[T]) -> T:
        return values[self.below(len(values))]

    def shuffled(self, values: Sequence[T]) -> list[T]:
        left = list(values)
        return [left.pop(self.below(len(left))) for _ in values]

    def spread(self, values: Sequence[T], count: int) -> list[T]:
        """Return `count` of the values in any order. Each occurs once before one occurs twice."""
        rounds = -(-count // len(values))
        return self.shuffled([one for _ in range(rounds) for one in self.shuffled(values)][:count])
