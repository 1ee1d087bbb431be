"""A scripted HTTP server on loopback: answers as a test wants it to and keeps what it was asked."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.doubles.loopback import LoopbackHandler, LoopbackServer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping


@dataclass(frozen=True)
class Script:
    """One answer.

    `drip`: seconds between single bytes of the body; `head_drip`: of the head; `hang`: no answer until the server ends.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    drip: float = 0
    head_drip: float = 0
    hang: bool = False
    raw: bytes | None = None


@dataclass(frozen=True)
class Asked:
    """One request as it arrived, header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class HttpServer(LoopbackServer):
    """Answers each path by its script (404 without one) and records requests and connections."""

    daemon_threads = False

    def __init__(self, scripts: Mapping[str, Script] | None = None, ssl_context: ssl.SSLContext | None = None) -> None:
        super().__init__(_Handler)
        self.scripts = dict(scripts or {})
        self.asked: list[Asked] = []
        self.connections = 0
        if ssl_context:
            self.socket = ssl_context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        """Return the address of a path, under any name for this machine."""
        return f"{scheme}://{host}:{self.port}{path}"

    def answer(self, asked: Asked) -> Script:
        """Return what a request is answered with."""
        return self.scripts.get(asked.path, Script(404))


class _Handler(LoopbackHandler):
    server: HttpServer

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def take(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, self.content())
        self.server.asked.append(asked)
        self.play(self.server.answer(asked))

    do_GET = do_POST = do_HEAD = do_OPTIONS = take  # noqa: N815

    def play(self, script: Script) -> None:
        """Send one answer."""
        self.close_connection = True
        if script.hang:
            self.server.closing.wait()
            return
        headers = {"content-length": str(len(script.body)), **script.headers}
        head = f"HTTP/1.1 {script.status} Scripted\r\n" + "".join(
            f"{key}: {value}\r\n" for key, value in headers.items()
        )
        for data, pause in ((head.encode() + b"\r\n", script.head_drip), (script.body, script.drip)):
            self.drip(script.raw if script.raw is not None else data, pause)
            if script.raw is not None:
                return

    def drip(self, data: bytes, pause: float) -> None:
        if not pause:
            self.wfile.write(data)
            return
        for byte in data:
            if self.server.closing.wait(pause):
                return
            self.wfile.write(bytes([byte]))
