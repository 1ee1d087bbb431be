"""HTTP for dulwich's client: one deadline for all requests of an exchange, bounded answers, refusals with their text.

dulwich bounds single requests only, and its errors have neither headers nor text. We follow no redirects: the caller
must learn that a repository was renamed, and the token must go to no other host.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ReadTimeoutError
from urllib3.exceptions import TimeoutError as UrllibTimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Seconds for a connection, and for a pause between two bytes.
STALL = 20.0
#: Bytes of a refusal's text that are stored.
TEXT = 8_000


class TooLargeError(Exception):
    """An answer is larger than the limit of its exchange."""


@dataclass(frozen=True, slots=True)
class HttpRefusal:
    """An answer with another status than 200: `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    text: str


class BoundedReply:
    """The part of urllib3's response that dulwich uses. It has no `__slots__`, since dulwich adds attributes."""

    def __init__(self, reply: urllib3.BaseHTTPResponse, url: str, deadline: float, most: int) -> None:
        self.status, self.headers = reply.status, reply.headers
        self._reply, self._url, self._deadline, self._left = reply, url, deadline, most

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end. Raises TooLargeError, and ReadTimeoutError at the deadline."""
        parts: list[bytes] = []
        wanted = size
        while wanted > 0:
            if time.monotonic() >= self._deadline:
                message = "the time for the whole exchange is over"
                raise ReadTimeoutError(None, self._url, message)  # type: ignore[arg-type]
            part = self._reply.read1(wanted)
            if not part:
                break
            parts.append(part)
            wanted -= len(part)
        data = b"".join(parts)
        self._left -= len(data)
        if self._left < 0:
            raise TooLargeError
        return data

    def geturl(self) -> str:
        """Return the requested address, since we follow no redirects."""
        return self._url

    def close(self) -> None:
        """Return the connection to the pool, or close it if some of the answer is unread."""
        self._reply.drain_conn() if self._left == 0 else self._reply.close()


class BoundedPool:
    """Replaces urllib3's PoolManager in one exchange. `refusal` is the last answer with another status than 200."""

    def __init__(self, seconds: float, most: int, headers: Mapping[str, str]) -> None:
        self.headers = dict(headers)
        self.refusal: HttpRefusal | None = None
        self._deadline, self._most = time.monotonic() + seconds, most
        self._pool = urllib3.PoolManager(num_pools=2, maxsize=1)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes] | None = None,
        *,
        preload_content: bool = False,
    ) -> BoundedReply:
        """Send one request. Raises urllib3's errors."""
        del preload_content
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise UrllibTimeoutError("the time for the whole exchange is over")
        data = body if body is None or isinstance(body, bytes) else b"".join(body)
        # urllib3 bounds the sending of a body by the connect timeout, so a body may take all of the remaining time.
        timeout = urllib3.Timeout(
            connect=left if data else min(left, STALL), read=min(left, STALL if data is None else left)
        )
        sent_headers = {k: v for k, v in headers.items() if k.lower() not in {"content-length", "transfer-encoding"}}
        reply = self._pool.request(
            method,
            url,
            headers=sent_headers,
            body=data,
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        if reply.status != 200:
            text = reply.read(TEXT).decode("utf-8", "replace")
            self.refusal = HttpRefusal(reply.status, {k.lower(): v for k, v in reply.headers.items()}, text)
        return BoundedReply(reply, url, self._deadline, self._most)

    def close(self) -> None:
        self._pool.clear()


def moved_to(refusal: HttpRefusal) -> str:
    """Return the `owner/name` that a redirect of git's first request leads to, "" for another refusal."""
    if refusal.status not in {301, 302, 307, 308}:
        return ""
    path = urlsplit(refusal.headers.get("location", "")).path
    return path.partition("/info/refs")[0].strip("/").removesuffix(".git")
