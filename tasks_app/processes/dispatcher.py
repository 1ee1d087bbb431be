"""Wakes workers while rounds are due, and sends the callbacks itself.

New work, delays, back-off, orphans and lost messages all take this one path. Several dispatchers may run at the same
time.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from django.db import Error, connections
from redis.exceptions import RedisError

from tasks_app.operations import workers
from tasks_app.operations.connections import file_problem
from tasks_app.operations.queue import wake_workers
from tasks_app.operations.takedowns import takedowns_due
from tasks_app.processes.worker_watch import WorkerWatch
from tasks_app.rounds.liveness_watches import looks_due
from tasks_app.rounds.load import workers_present
from tasks_app.rounds.schedule import rounds_due
from tasks_app.worker.callbacks import CallbackSender

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

logger = logging.getLogger(__name__)

TICK = 0.25  # seconds between queries for due rounds
BEAT = 3.0  # seconds between checks of the worker processes
STOP_WITHIN = 10.0  # seconds for the callbacks under way at a stop


class Dispatcher:
    def __init__(
        self,
        supervisor: str,
        group: Callable[[], int | None] = lambda: None,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        self._supervisor, self._beat = supervisor, beat
        # One write may wait 20 s for SQLite, and a tick has many: each gives a sign of life of its own.
        self._watch = WorkerWatch(supervisor, group, beat=beat)
        self._callbacks = CallbackSender(beat=beat)
        self._next_beat = 0.0
        self._error = ""
        self._workers = 0

    def run(self, stop: threading.Event) -> None:
        """Tick until `stop` is set. Errors are logged, one that stays only once, and the next tick tries again."""
        try:
            while not stop.wait(TICK):
                self._beat()
                try:
                    self.tick()
                except (Error, RedisError) as error:
                    if self._is_new(error):
                        logger.warning("the dispatcher could not reach the database or the queue: %s", error)
                    connections.close_all()
                except Exception as error:
                    # A dispatcher that ended here would stop all rounds: log our own error, and tick on.
                    if self._is_new(error):
                        logger.exception("the dispatcher failed by an error of our own")
                else:
                    self._error = ""
            self._announce_stop()
            self._callbacks.finish(STOP_WITHIN)
        finally:
            connections.close_all()

    def _is_new(self, error: Exception) -> bool:
        before, self._error = self._error, repr(error)
        return self._error != before

    def _announce_stop(self) -> None:
        try:
            workers.stop_announce(supervisor=self._supervisor)
        except Error as error:
            logger.warning("the workers could not be told to stop: %s", error)

    def tick(self) -> int:
        """Keep a message in the queue for each worker that has work, and begin the callbacks that are due.

        Returns how many messages were added.
        """
        if time.monotonic() >= self._next_beat:
            self._next_beat = time.monotonic() + BEAT
            self._watch.look()
            self._workers = workers_present()  # those of all machines, which share the queue
            self._beat()
        if file_problem():
            return 0
        self._callbacks.take_due()
        self._beat()
        due = len(rounds_due(workers=self._workers)) + len(looks_due(workers=self._workers)) + takedowns_due()
        return wake_workers(min(due, self._workers), beat=self._beat) if due else 0
