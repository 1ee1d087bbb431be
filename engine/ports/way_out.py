"""The way out to addresses that somebody else named, through the guard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

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


class Fetcher(Protocol):
    """GETs an address that somebody else named, through the guard."""

    def fetch(self, url: str, *, seconds: float, max_bytes: int) -> Answer:
        """Return the answer, whatever its status. Raises Permanent(address_refused) before any byte is sent, Transient otherwise."""
        ...


class Notifier(Protocol):
    """POSTs a callback, once, following 307 and 308 through the guard."""

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Return the answer, whatever its status. Raises Permanent(address_refused), Transient otherwise."""
        ...
