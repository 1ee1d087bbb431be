"""HTTP/1.1 for the doubles: requests read whole, answers sent, and the two ways of sending none."""

from __future__ import annotations

import select
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.doubles.loopback import LoopbackHandler, LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Request:
    """One request; `target` is the path as sent, `headers` by lower-case name, `body` without chunks."""

    method: str
    target: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(self.target)


@dataclass
class Answer:
    """One answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Silence(Enum):
    """No answer at all."""

    HANG = "hang"
    RESET = "reset"


class Listener(LoopbackServer):
    """A server on loopback that hands each request to `respond` in a thread of its own, and at its end hangs up on
    everybody."""

    daemon_threads = False

    def __init__(self, respond: Callable[[Request], Answer | Silence], port: int = 0) -> None:
        super().__init__(_Handler, port)
        self.respond = respond
        self.connections: set[socket.socket] = set()
        self.reset: set[socket.socket] = set()

    def server_close(self) -> None:
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        if request in self.reset:  # closing alone, with SO_LINGER at 0, is what sends the reset
            self.reset.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)


class _Handler(LoopbackHandler):
    server: Listener
    protocol_version = "HTTP/1.1"
    server_version = "github.com"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def answer(self) -> None:
        target, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.respond(Request(self.command, target, query, headers, self._body()))
        if isinstance(answer, Silence):
            self._say_nothing(answer)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD" and answer.status not in (204, 304):
            self.wfile.write(answer.body)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.content()
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(pieces)

    def _say_nothing(self, silence: Silence) -> None:
        self.close_connection = True
        if silence is Silence.HANG:
            while not self.server.closing.is_set() and not _left(self.connection):
                pass
            return
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.server.reset.add(self.connection)


def _left(connection: socket.socket) -> bool:
    """Wait a moment; say whether the client has gone."""
    readable, _, _ = select.select([connection], [], [], 0.05)
    try:
        return bool(readable) and not connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
