"""The way out to addresses that somebody else named, through the guard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, bounded in size. `truncated`: there was more. `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str  # the last one, after redirects
    truncated: bool = False
