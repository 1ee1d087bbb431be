"""What every HTTP server of the tests and benchmarks begins with: it listens on loopback, in threads of its own."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class LoopbackServer(ThreadingHTTPServer):
    """Takes connections from its making on and serves them while a `with` block runs.

    `closing` is set at the end: a handler that waits ends then too. `daemon_threads = False` in a subclass: the end
    waits for its handlers.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0, host: str = "127.0.0.1") -> None:
        super().__init__((host, port), handler)
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return self.server_port

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop serving, for good."""
        self.closing.set()
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Be quiet about clients that leave."""


class LoopbackHandler(BaseHTTPRequestHandler):
    """Handles the requests of one connection and prints nothing."""

    def content(self) -> bytes:
        """Return the request's body, unless it comes in chunks."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""
