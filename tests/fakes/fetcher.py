"""A web of a few addresses, the fake forge's pages among them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.domain.http import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.forge import FakeForge


class FakeFetcher:
    """Answers by address: bytes, an Answer or an error; else the pages of `forge`, if given; else 404.

    `fetched` keeps the addresses.
    """

    def __init__(
        self, answers: Mapping[str, bytes | Answer | BaseException] | None = None, forge: FakeForge | None = None
    ) -> None:
        self.answers, self.forge = dict(answers or {}), forge
        self.fetched: list[str] = []

    def fetch(self, url: str, *, seconds: float, max_bytes: int, origin: str = "") -> Answer:
        del seconds, origin
        self.fetched.append(url)
        found = self.answers.get(url, self._page(url))
        if isinstance(found, BaseException):
            raise found
        if isinstance(found, Answer):
            return found
        if found is None:
            return Answer(404, {}, b"", url)
        return Answer(200, {}, found[:max_bytes], url, truncated=len(found) > max_bytes)

    def _page(self, url: str) -> bytes | None:
        parts = urlsplit(url)
        name, _, path = parts.path.removeprefix("/").partition("/")
        inside = self.forge.repositories.get(name) if self.forge and parts.netloc == "pages.test" else None
        if inside is None or not (inside.pages_on and inside.head):
            return None
        return inside.commits[inside.head].files.get(path or "index.html")
