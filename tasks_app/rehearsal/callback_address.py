"""Where a rehearsal's callbacks arrive: at this service's public address, or at a server of the command's own."""

from __future__ import annotations

import ipaddress
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.db import Error, connections

from engine.domain.addresses import is_private_host, parse_url
from engine.errors import EngineError
from tasks_app import wiring
from tasks_app.operations import clock
from tasks_app.rehearsal.receiving import LARGEST, receive

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/rehearsal/notify"
_HEALTH_SECONDS = 10.0


class CallbackAddressError(Exception):
    """No callback can arrive; the message says why and what to do."""


def is_loopback(url: str) -> bool:
    """Say whether a URL names this machine only."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_private(url: str) -> bool:
    return is_private_host(urlsplit(url).hostname or "localhost")


@contextmanager
def callback_address(given: str, stored: str) -> Iterator[str]:
    """Yield the evaluation_url while the block runs: `given`, PUBLIC_URL's, or that of a server on loopback.

    `stored`: that of the rehearsal that is gone on with; its server listens at the same port again.
    Raises CallbackAddressError.
    """
    if given or (stored and not is_loopback(stored)):
        yield _usable(given or stored)
    elif not is_loopback(settings.PUBLIC_URL) and not stored:
        _must_answer(settings.PUBLIC_URL)
        yield f"{settings.PUBLIC_URL}{PATH}"
    else:
        with _CallbackServer(urlsplit(stored).port or 0 if stored else 0) as server:
            yield server.url


def _usable(url: str) -> str:
    try:
        parse_url(url)
    except ValueError as error:
        raise CallbackAddressError(f"--evaluation-url cannot be used. {error}") from None
    if not is_loopback(url) and url == f"{settings.PUBLIC_URL}{PATH}":
        _must_answer(settings.PUBLIC_URL)
    return url


def _must_answer(origin: str) -> None:
    try:
        answer = wiring.http().fetch(f"{origin}/healthz", seconds=_HEALTH_SECONDS, max_bytes=10_000)
    except EngineError as error:
        problem = error.message
    else:
        if answer.status == 200:
            return
        problem = f"It answers {answer.status}."
    raise CallbackAddressError(
        f"Callbacks would arrive at PUBLIC_URL, but {origin}/healthz cannot be read. {problem} "
        "Start the service there (manage.py serve), or name another address with --evaluation-url."
    )


class _CallbackHandler(BaseHTTPRequestHandler):
    timeout = 30

    def do_POST(self) -> None:
        try:
            status, reason = self._received()
        except Error:
            status, reason = 503, "The database cannot be used at the moment. Try again."
        finally:
            connections.close_all()
        problem = {"type": "about:blank", "title": "The request cannot be used", "status": status, "detail": reason}
        body = json.dumps(problem if status != 200 else {"status": "received"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/problem+json" if status != 200 else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def _received(self) -> tuple[int, str]:
        if urlsplit(self.path).path.rstrip("/") != PATH:
            return 404, f"Callbacks arrive at {PATH}."
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            return 411, "The request has no Content-Length."
        body = self.rfile.read(min(int(length), LARGEST + 1))
        if len(body) < min(int(length), LARGEST + 1):
            return 400, "The body did not arrive whole."
        return receive(body, client=self.client_address[0], now=clock.now())

    def log_message(self, *_arguments: object) -> None:
        """Log nothing: each call is a row."""


class _CallbackServer(ThreadingHTTPServer):
    """Takes callbacks on loopback while a `with` block runs."""

    request_queue_size = 128

    def __init__(self, port: int) -> None:
        try:
            super().__init__(("127.0.0.1", port), _CallbackHandler)
        except OSError as error:
            raise CallbackAddressError(
                f"The rehearsal's callbacks arrive at port {port} of this machine, which cannot be used now: "
                f"{error.strerror}. End what listens there and give the same command again, or begin a new rehearsal."
            ) from None
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{PATH}"

    def __enter__(self) -> _CallbackServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Be quiet about clients that leave."""
