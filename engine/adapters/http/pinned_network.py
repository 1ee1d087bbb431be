"""A network backend for httpcore2 that connects to checked addresses only, under one deadline for a whole request.

httpx2's timeouts bound single reads, so a slow answer could last for ever. Its own backend resolves names itself, so a
checked name could lead to another address a moment later. https://github.com/pydantic/httpx2
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import httpcore2

from engine.errors import Transient

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Sequence

    Resolve = Callable[[str], Sequence[str]]
    SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class Deadline:
    """A point in monotonic time; `host` is named in its error."""

    def __init__(self, seconds: float, host: str) -> None:
        self._end = time.monotonic() + seconds
        self._host = host

    def within(self, seconds: float, host: str) -> Deadline:
        """Return a deadline for `host`, `seconds` from now but no later than this one."""
        return Deadline(min(seconds, self._end - time.monotonic()), host)

    def left(self) -> float:
        """Return the remaining seconds. Raises Transient(timed_out) after the deadline."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise self.missed()
        return seconds

    def missed(self) -> Transient:
        return Transient("timed_out", f"{self._host} did not answer in time.")


def resolve_host(host: str) -> Sequence[str]:
    """Return all addresses of a host name, as the system resolves it. Raises OSError or UnicodeError."""
    answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in answers))


def resolve_within(resolve: Resolve, host: str, deadline: Deadline) -> Sequence[str]:
    """Resolve in a thread, since the system's resolver has no timeout. Raises Transient (dns_failed, timed_out)."""
    answer: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answer.put(resolve(host))
        except (OSError, UnicodeError) as error:
            answer.put(error)

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    try:
        addresses = answer.get(timeout=deadline.left())
    except queue.Empty:
        raise deadline.missed() from None
    if isinstance(addresses, Exception) or not addresses:
        raise Transient("dns_failed", f"The name {host} could not be resolved.")
    return addresses


class _Stream(httpcore2.NetworkStream):
    """A socket with one deadline for all reads and writes, and `handshake` for TLS."""

    def __init__(self, connection: socket.socket, host: str, deadline: Deadline, handshake: Deadline) -> None:
        self._socket = connection
        self._host = host
        self._deadline = deadline
        self._handshake = handshake

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._socket.settimeout(self._deadline.left())
            return self._socket.recv(max_bytes)
        except TimeoutError:
            raise self._deadline.missed() from None
        except OSError:
            raise Transient("connection_lost", f"{self._host} broke the connection off.") from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        unsent = memoryview(buffer)
        while unsent:
            try:
                self._socket.settimeout(self._deadline.left())
                unsent = unsent[self._socket.send(unsent) :]
            except TimeoutError:
                raise self._deadline.missed() from None
            except OSError as error:
                # After a WriteError httpcore2 still reads the answer of a server that closed early, such as a 413.
                raise httpcore2.WriteError(str(error)) from None

    def close(self) -> None:
        with suppress(OSError):
            self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        try:
            self._socket.settimeout(self._handshake.left())
            self._socket = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except Transient:
            self.close()
            raise
        except TimeoutError:
            self.close()
            raise self._handshake.missed() from None
        except OSError as error:
            self.close()
            reason = (
                getattr(error, "verify_message", None) or getattr(error, "reason", None) or "the connection broke off"
            )
            raise Transient("tls_failed", f"No secure connection to {self._host}: {reason}.") from None
        return self

    def get_extra_info(self, info: str) -> object:
        return None


class PinnedNetwork(httpcore2.NetworkBackend):
    """Connects to the given addresses for any host name. `connecting` bounds connection and TLS, `deadline` all."""

    def __init__(self, addresses: Sequence[str], *, deadline: Deadline, connecting: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._connecting = connecting

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address that answers; each gets an equal part of the remaining time.

        Raises Transient (connect_failed, timed_out).
        """
        reason = "no address answered"
        for waiting, address in zip(range(len(self._addresses), 0, -1), self._addresses, strict=True):
            try:
                connection = socket.create_connection((address, port), timeout=self._connecting.left() / waiting)
            except TimeoutError:
                continue
            except OSError as error:
                reason = error.strerror or reason
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _Stream(connection, host, self._deadline, self._connecting)
        self._connecting.left()
        raise Transient("connect_failed", f"Could not connect to {host} on port {port}: {reason}.")
