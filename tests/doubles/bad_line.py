"""A line on loopback that is bad: a TCP proxy that delays what passes and cuts connections, by a seed."""

from __future__ import annotations

import random
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


@dataclass
class BadLine:
    """Passes on what comes at `port` to `target` while the block lasts.

    While it is bad, a new connection lives `lives` seconds at most, by chance, `refuse` of a hundred and every third
    until one was cut not at all, and every stretch of what passes waits up to `delay` seconds. `cut` counts the
    connections that were ended so.
    """

    target: int
    seed: int
    lives: float = 8.0
    delay: float = 0.05
    refuse: int = 5
    cut: int = 0
    port: int = 0
    _bad: bool = False
    _met: int = 0
    _listener: socket.socket = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._dice, self._lock = random.Random(self.seed), threading.Lock()  # noqa: S311
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> BadLine:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def turns(self, *, bad: bool) -> None:
        """Break or mend the line."""
        self._bad = bad

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(near,), daemon=True).start()

    def _pass_on(self, near: socket.socket) -> None:
        with self._lock:
            self._met += self._bad
            due = self._met % 3 == 0 and not self.cut
            refused = self._bad and (self._dice.randrange(100) < self.refuse or due)
            ends = time.monotonic() + self._dice.uniform(0, self.lives) if self._bad else float("inf")
        if refused:
            self.cut += 1
            near.close()
            return
        try:
            far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            near.close()
            return
        threads = [
            threading.Thread(target=self._stretch, args=pair, daemon=True) for pair in ((near, far), (far, near))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, ends - time.monotonic()) if ends != float("inf") else None)
        if any(thread.is_alive() for thread in threads):
            self.cut += 1
        for one in (near, far):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _stretch(self, source: socket.socket, sink: socket.socket) -> None:
        """Pass on one direction until it ends; its end is passed on too."""
        source.settimeout(None)
        with suppress(OSError, ValueError):
            while data := source.recv(65_536):
                if self._bad:
                    with self._lock:
                        wait = self._dice.uniform(0, self.delay)
                    time.sleep(wait)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
