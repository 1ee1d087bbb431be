"""Other hosts on loopback: the check browser asks it as its mirror (`<mirror>/host/path`), so that a page's addresses
stay those of the brief."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


class OtherHosts:
    """Answers the addresses in `answers` with their JSON and everything else with 404, which a check sees as out of
    reach."""

    def __init__(self) -> None:
        self.answers: Mapping[str, object] = {}
        hosts = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = hosts.answers.get(f"https://{self.path.partition('?')[0].lstrip('/')}")
                body = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
