"""gunicorn's threaded worker, except that a request takes a thread only once it has arrived whole.

A client that stalls, or sends a byte a second, costs a socket and a file in the temporary folder, and no thread.
"""

from __future__ import annotations

import json
import selectors
import socket
import struct
import tempfile
import time
from collections import deque
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

from engine.inputs.task_request import MAX_BODY
from tasks_app.processes.arriving_request import ArrivingRequest

if TYPE_CHECKING:
    from concurrent.futures import Future

#: Seconds in which a request must arrive whole, and seconds without any byte.
WHOLE_WITHIN = 120.0
IDLE_WITHIN = 30.0

#: Seconds that one write waits for a client that does not read.
SEND_WITHIN = 20

#: Bytes of one request that are kept in memory; the rest goes to a file.
IN_MEMORY = 256_000
_PIECE = 256_000

#: A larger request is handled alone, since decoding and storing it takes several times its size in memory. The others
#: wait in their files.
LARGE = 1_000_000
#: The most bytes of requests that one process holds in files, as a multiple of the largest request.
MOST_HELD = 64


class Arrival:
    """A connection whose next request is arriving: its bytes, and when it is given up."""

    def __init__(self, conn: TConn, largest: int = MAX_BODY) -> None:
        self.conn = conn
        self.size = 0
        self.request = ArrivingRequest(largest)
        self.bytes = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 -- closed by `taken`
        self.began = self.newest = time.monotonic()

    def add(self, piece: bytes) -> None:
        """Take the next bytes. Raises OSError if the temporary folder is full."""
        kept = self.request.feed(piece)
        self.newest = time.monotonic()
        self.size += len(kept)
        self.bytes.write(kept)

    def taken(self) -> bytes:
        """Return all bytes, and close the file."""
        with self.bytes as file:
            file.seek(0)
            return file.read()

    def is_over(self, now: float) -> bool:
        """Say whether the request has had its time, at `now` of the monotonic clock."""
        return now - self.began > WHOLE_WITHIN or now - self.newest > IDLE_WITHIN


class WebLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's log lines in the form of all others."""

    def setup(self, cfg: Any) -> None:
        """Hand lines to the root logger, which Django configures."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class BufferingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Collects each request in the main thread's poller, and submits the connection to a thread when it is whole."""

    #: The most bytes of a body.
    largest = MAX_BODY

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arrivals: dict[TConn, Arrival] = {}
        self._held = 0  # bytes of all requests that are not answered
        self._large: deque[Arrival] = deque()  # whole, the first one in a thread

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection. If there are too many, the one that has been arriving for longest is given up."""
        super().accept(listener)
        if self.nr_conns >= self.worker_connections and self._arrivals:
            self._give_up(next(iter(self._arrivals.values())), HTTPStatus.SERVICE_UNAVAILABLE)

    def enqueue_req(self, conn: TConn) -> None:
        """Collect the connection's next request. A parser may already hold its first bytes."""
        arrival = self._arrivals[conn] = Arrival(conn, self.largest)
        timeout = struct.pack("ll", SEND_WITHIN, 0)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._receive, arrival))
        if conn.parser and (early := conn.parser.unreader.take_buffered()):
            self._take(arrival, early)

    def murder_pending(self) -> None:
        """Give up requests that do not arrive in time, and, when this worker stops, those that have not begun."""
        super().murder_pending()
        now = time.monotonic()
        for arrival in list(self._arrivals.values()):
            if not arrival.request.begun and (not self.alive or arrival.is_over(now)):
                self._give_up(arrival, None)
            elif arrival.is_over(now):
                self._give_up(arrival, HTTPStatus.REQUEST_TIMEOUT)

    def _handle_whole(self, arrival: Arrival) -> Any:
        """Handle a request that has arrived whole. Runs in a thread."""
        conn = arrival.conn
        conn.data_ready = True
        conn.init()
        conn.parser.unreader.unread(arrival.taken())
        return self.handle(conn)

    def _receive(self, arrival: Arrival, client: socket.socket) -> None:
        try:
            piece = client.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if piece:
            self._take(arrival, piece)
        elif arrival.request.begun:
            self._submit(arrival)  # the parser answers the half of a request
        else:
            self._give_up(arrival, None)

    def _take(self, arrival: Arrival, piece: bytes) -> None:
        request, before = arrival.request, arrival.size
        try:
            arrival.add(piece)
        except OSError:  # no space is left in the temporary folder
            self._give_up(arrival, HTTPStatus.SERVICE_UNAVAILABLE)
            return
        finally:
            self._held += arrival.size - before
        if self._held > MOST_HELD * self.largest and arrival.size > LARGE:
            self._give_up(arrival, HTTPStatus.SERVICE_UNAVAILABLE)
            return
        if request.wants_continue:
            request.wants_continue = False
            with suppress(OSError):
                arrival.conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if request.is_too_large and request.is_whole:
            self._give_up(arrival, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        elif request.is_whole:
            self._submit(arrival)

    def _submit(self, arrival: Arrival) -> None:
        del self._arrivals[arrival.conn]
        self.poller.unregister(arrival.conn.sock)
        if arrival.size <= LARGE:
            self._handle_in_thread(arrival)
            return
        self._large.append(arrival)
        if len(self._large) == 1:
            self._handle_in_thread(arrival)

    def _handle_in_thread(self, arrival: Arrival) -> None:
        job: Future[Any] = self.tpool.submit(self._handle_whole, arrival)
        job.add_done_callback(lambda done: self.method_queue.defer(self._finish, arrival, done))

    def _finish(self, arrival: Arrival, done: Future[Any]) -> None:
        self._held -= arrival.size
        if self._large and self._large[0] is arrival:
            self._large.popleft()
            if self._large:
                self._handle_in_thread(self._large[0])
        self.finish_request(arrival.conn, done)

    def _give_up(self, arrival: Arrival, status: HTTPStatus | None) -> None:
        """Close a connection, with an answer unless `status` is None."""
        conn = arrival.conn
        del self._arrivals[conn]
        self._held -= arrival.size
        arrival.bytes.close()
        self.poller.unregister(conn.sock)
        if status:
            with suppress(OSError):
                write_problem(conn.sock, status.value, status.phrase, _DETAILS[status].format(largest=self.largest))
        self.nr_conns -= 1
        conn.close()


_DETAILS = {
    HTTPStatus.REQUEST_TIMEOUT: "The request did not arrive whole in time.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "A request may have {largest} bytes.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The service cannot take more requests at the moment. Try again.",
}


def write_problem(sock: socket.socket, status_int: int, reason: str, mesg: str) -> None:
    """Write an error of the server itself as `application/problem+json`, in place of gunicorn's HTML."""
    problem = {"type": "about:blank", "title": reason, "status": status_int, "detail": mesg}
    body = json.dumps(problem).encode()
    again = "Retry-After: 10\r\n" if status_int == HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = (
        f"HTTP/1.1 {status_int} {reason}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
        f"{again}Content-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(sock, head.encode("latin-1") + body)


util.write_error = write_problem
