"""A scripted HTTP server on loopback: says what a test tells it to and keeps what it was asked."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Script:
    """One answer. `drip`: seconds between single bytes of the body; `head_drip`: of the head; `hang`: no answer until the server ends."""

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


class HttpServer:
    """Answers each path by its script (404 without one) and records requests and connections."""

    def __init__(self, scripts: Mapping[str, Script] | None = None, ssl_context: ssl.SSLContext | None = None) -> None:
        self.scripts = dict(scripts or {})
        self.asked: list[Asked] = []
        self.connections = 0
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        if ssl_context:
            self._server.socket = ssl_context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        """Return the address of a path, under any name for this machine."""
        return f"{scheme}://{host}:{self.port}{path}"

    def close(self) -> None:
        """Stop serving and release whoever hangs."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def handle(self) -> None:
                with suppress(OSError):
                    super().handle()

            def answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.asked.append(Asked(self.command, self.path, headers, self.rfile.read(length)))
                outer.play(outer.scripts.get(self.path, Script(404)), self)

            do_GET = do_POST = do_HEAD = answer  # noqa: N815 - the names that http.server looks for

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def play(self, script: Script, handler: BaseHTTPRequestHandler) -> None:
        """Send one answer."""
        handler.close_connection = True
        if script.hang:
            self._closing.wait()
            return
        headers = {"content-length": str(len(script.body)), **script.headers}
        head = f"HTTP/1.1 {script.status} Scripted\r\n" + "".join(
            f"{key}: {value}\r\n" for key, value in headers.items()
        )
        for data, pause in ((head.encode() + b"\r\n", script.head_drip), (script.body, script.drip)):
            self._send(script.raw if script.raw is not None else data, pause, handler)
            if script.raw is not None:
                return

    def _send(self, data: bytes, pause: float, handler: BaseHTTPRequestHandler) -> None:
        if not pause:
            handler.wfile.write(data)
            return
        for byte in data:
            if self._closing.wait(pause):
                return
            handler.wfile.write(bytes([byte]))


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Be quiet about clients that leave."""


@contextmanager
def serving(
    scripts: Mapping[str, Script] | None = None, ssl_context: ssl.SSLContext | None = None
) -> Iterator[HttpServer]:
    """Serve scripts while the block runs."""
    server = HttpServer(scripts, ssl_context)
    try:
        yield server
    finally:
        server.close()
