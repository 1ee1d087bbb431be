"""The other side of the service in benchmarks: posts tasks and notes when each callback came."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from tests.chaos.service import task

if TYPE_CHECKING:
    from types import TracebackType

    from tests.chaos.service import Service


class Evaluator:
    """Listens on loopback. `posted` and `told` hold moments by nonce, of a callback the first."""

    def __init__(self) -> None:
        self.posted: dict[str, datetime] = {}
        self.told: dict[str, datetime] = {}
        self.ids: dict[str, str] = {}
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/notify"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def post(self, service: Service, nonce: str, **changes: Any) -> None:
        """Post the first round of a task of its own, again until it is accepted."""
        self.posted[nonce] = datetime.now(UTC)
        self.ids[nonce] = service.post({**task(f"bench-{nonce}", 1, nonce, self.url), **changes})

    def wait(self, seconds: float) -> bool:
        """Wait until every round that was posted is told; False when the time ran out."""
        deadline = time.monotonic() + seconds
        while self.told.keys() < self.posted.keys():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def seconds(self, nonce: str) -> float:
        """Return how long one took from its POST to its callback."""
        return (self.told[nonce] - self.posted[nonce]).total_seconds()

    def last(self) -> float:
        """Return the seconds from the first POST to the last callback."""
        return (max(self.told.values()) - min(self.posted.values())).total_seconds()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, evaluator: Evaluator) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.evaluator = evaluator


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        now = datetime.now(UTC)
        nonce = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["nonce"]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.evaluator.told.setdefault(nonce, now)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""
