"""A port of this machine that no page may reach; it records every connection and datagram."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Canary:
    """A port of loopback, TCP and UDP, on both IP versions if the machine has them. `knocks`: the data received."""

    def __init__(self) -> None:
        self.knocks: list[str] = []
        self._open: list[socket.socket] = []
        self.port = self._listen("127.0.0.1", 0)
        with suppress(OSError):
            self._listen("::1", self.port)

    def _listen(self, host: str, port: int) -> int:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        stream = socket.create_server((host, port), family=family)
        port = stream.getsockname()[1]
        datagrams = socket.socket(family, socket.SOCK_DGRAM)
        datagrams.bind((host, port))
        self._open += [stream, datagrams]
        for listen in (self._accept, self._receive):
            threading.Thread(
                target=listen, args=(stream if listen == self._accept else datagrams,), daemon=True
            ).start()
        return int(port)

    def _accept(self, stream: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = stream.accept()
                with connection:
                    connection.settimeout(1)
                    self.knocks.append("TCP")
                    with suppress(OSError):
                        self.knocks[-1] = f"TCP {connection.recv(100)!r}"

    def _receive(self, datagrams: socket.socket) -> None:
        with suppress(OSError):
            while True:
                self.knocks.append(f"UDP {datagrams.recv(2000)[:40]!r}")

    def close(self) -> None:
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextmanager
def canary() -> Iterator[Canary]:
    bird = Canary()
    try:
        yield bird
    finally:
        bird.close()
