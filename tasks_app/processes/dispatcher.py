"""Rings what is due: new work, delays, back-off, orphans and lost rings are all this one path. Several dispatchers are harmless."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import Error, connections

from tasks_app.operations import workers
from tasks_app.operations.queue import QueueDownError, enqueue_look, ring
from tasks_app.processes.worker_watch import WorkerWatch
from tasks_app.rounds import liveness_watches, schedule
from tasks_app.rounds.load import workers_kept

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from uuid import UUID

logger = logging.getLogger(__name__)

TICK = 0.25  # seconds between looks at what is due
BEAT = 3.0  # seconds between looks after the worker processes


class Dispatcher:
    """The dispatcher of one supervisor."""

    def __init__(self, supervisor: str, group: Callable[[], int | None] = lambda: None) -> None:
        self._supervisor = supervisor
        self._watch = WorkerWatch(supervisor, group)
        self._next_beat = 0.0
        self._workers = settings.WORKERS

    def run(self, stop: threading.Event) -> None:
        """Tick until `stop` is set. A database or queue that cannot be reached is logged and tried again."""
        try:
            while not stop.wait(TICK):
                try:
                    self.tick()
                except (Error, QueueDownError) as error:
                    logger.warning("the dispatcher could not reach the database or the queue: %s", error)
                    connections.close_all()
                except Exception:
                    # A dispatcher that ends in silence would stop all rounds: an error of our own is logged, and the next tick comes.
                    logger.exception("the dispatcher failed by an error of our own")
            self._announce_stop()
        finally:
            connections.close_all()

    def _ring(self, round_id: UUID) -> None:
        try:
            ring(round_id)
        except QueueDownError:
            schedule.enqueued_reset(round_id=round_id)  # nobody heard it, so the next tick may ring again
            raise

    def _announce_stop(self) -> None:
        try:
            workers.stop_announce(supervisor=self._supervisor)
        except Error as error:
            logger.warning("the workers could not be told to stop: %s", error)

    def tick(self) -> int:
        """Ring what is due now; return how many rounds were rung."""
        if time.monotonic() >= self._next_beat:
            self._next_beat = time.monotonic() + BEAT
            self._watch.look()
            # What is rung is counted over all machines, and so are the workers that it is for. The look has just told of ours.
            self._workers = max(workers_kept(), settings.WORKERS)
            for round_id, token in liveness_watches.looks_enqueue(workers=self._workers):
                enqueue_look(round_id, token)  # one that is lost runs out and is rung again
        rung = 0
        alone = self._workers <= settings.WORKERS
        again = schedule.RING_AGAIN if alone else schedule.enqueue_again_after(workers=self._workers)
        for round_id in schedule.rounds_due(workers=self._workers, again=again):
            if schedule.round_enqueue(round_id=round_id, again=again):
                self._ring(round_id)
                rung += 1
        return rung
