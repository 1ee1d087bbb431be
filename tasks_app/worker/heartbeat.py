"""Renews a lease while a step runs, within the step's budget."""

from __future__ import annotations

import contextvars
import logging
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import Error, connection

from engine.errors import LeaseLost
from tasks_app.operations.connections import connection_heal
from tasks_app.operations.workers import worker_name, worker_seen
from tasks_app.rounds.leases import lease_renew

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tasks_app.rounds.leases import Lease

logger = logging.getLogger(__name__)


def end_process() -> None:
    """End this worker process: nothing else ends a step that hangs. The queue's cluster starts another worker.

    A process that drives several rounds at once must not do this.
    """
    logger.warning("this process ends")
    os.kill(os.getpid(), signal.SIGKILL)


class Heartbeat:
    """Renews lease and beat every `every` seconds in a thread. After `seconds` it stops and calls `overrun`.

    The thread cannot run while C code holds the interpreter. Such a step loses its lease too, because nothing renews
    it, and the supervisor's watch kills the process, because its beat is missing.
    """

    def __init__(
        self, lease: Lease, *, seconds: float, overrun: Callable[[], None] = end_process, every: float | None = None
    ) -> None:
        self._lease, self._seconds, self._overrun = lease, seconds, overrun
        self._ends = time.monotonic() + seconds
        self._every = every or settings.LEASE_SECONDS / 4
        self._at_each_beat: Callable[[], None] = lambda: None
        self._done = threading.Event()
        in_context = contextvars.copy_context().run  # its log lines name the round too
        self._thread = threading.Thread(target=in_context, args=(self._beat,), name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def at_each_beat(self, call: Callable[[], None]) -> None:
        """Add a function that is called at each beat in the heartbeat's thread, after the renewal of the lease."""
        self._at_each_beat = call

    def allow(self, seconds: float) -> None:
        """Allow the step `seconds` from now: a model call or another part with its own budget begins."""
        self._ends = max(self._ends, time.monotonic() + seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._done.wait(min(self._every, max(self._ends - time.monotonic(), 0.0))):
                if time.monotonic() >= self._ends:
                    logger.error(
                        "round %s: its step is past its budget (%.0f s at its begin); its lease is not renewed again",
                        self._lease.round_id,
                        self._seconds,
                    )
                    self._overrun()
                    return
                self._renew()
        finally:
            connection.close()

    def _renew(self) -> None:
        """Renew, or leave it to the next beat after an error: a lease lasts for four beats."""
        try:
            connection_heal()
            lease_renew(lease=self._lease)
            worker_seen(worker=worker_name())
            self._at_each_beat()
        except LeaseLost:
            logger.info("round %s: another process drives it by now", self._lease.round_id)
        except Error:
            logger.warning("round %s: a beat could not be written", self._lease.round_id, exc_info=True)
        except Exception:
            # An error of our own in that function: the function is optional, but without beats the lease would expire.
            logger.exception("round %s: what is called beside a beat failed", self._lease.round_id)
