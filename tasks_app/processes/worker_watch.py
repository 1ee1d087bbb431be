"""Looks after the worker processes of one supervisor: the dead, the hung and the deaf."""

from __future__ import annotations

import logging
import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from django.conf import settings

from tasks_app.operations import workers
from tasks_app.operations.events import event_record
from tasks_app.rounds import leases, schedule

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

logger = logging.getLogger(__name__)

#: For so long, in seconds, a round may be rung and due, with a worker free and no other being taken, until the cluster counts as deaf.
DEAF_AFTER = 60.0


class WorkerWatch:
    """One supervisor's watch. `group` returns the process group of its cluster, None while there is none."""

    def __init__(self, supervisor: str, group: Callable[[], int | None], *, deaf_after: float = DEAF_AFTER) -> None:
        self._supervisor, self._group, self._deaf_after = supervisor, group, deaf_after
        self._unanswered: set[tuple[UUID, datetime | None]] = set()
        self._taken: set[UUID] = set()
        self._quiet_since = time.monotonic()

    def look(self) -> None:
        """Beat for the supervisor, free what dead workers hold, end hung ones, and end a cluster that hears nothing."""
        workers.worker_beat(worker=f"{self._supervisor}:dispatcher", workers=settings.WORKERS)
        workers.beats_forget()
        self._bury_the_dead()
        self._end_the_hung()
        self._end_the_deaf()

    def _bury_the_dead(self) -> None:
        dead = {pid for pid in leases.lease_pids(supervisor=self._supervisor) if not _is_alive(pid)}
        if dead and (freed := leases.leases_free(supervisor=self._supervisor, pids=dead)):
            logger.warning("%d worker processes died; rounds freed: %d", len(dead), freed)
            event_record(what="worker died", text=f"pids {sorted(dead)}; rounds freed at once: {freed}")
        for pid in dead:
            workers.worker_gone(supervisor=self._supervisor, pid=pid)

    def _end_the_hung(self) -> None:
        for pid in workers.workers_silent(supervisor=self._supervisor):
            if _is_alive(pid) and self._is_ours(pid):
                logger.error("worker %s is silent in the middle of a step: killed", pid)
                event_record(
                    what="hung worker killed", text=f"pid {pid} was not heard of for {settings.LEASE_SECONDS:g} s"
                )
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            workers.worker_gone(supervisor=self._supervisor, pid=pid)

    def _is_ours(self, pid: int) -> bool:
        """Say whether a pid is still one of the cluster's and not reused by a stranger."""
        try:
            return os.getpgid(pid) == self._group()
        except ProcessLookupError:
            return False

    def _end_the_deaf(self) -> None:
        unanswered, taken = schedule.enqueued_unanswered(), leases.leases_held(supervisor=self._supervisor)
        still = self._unanswered & unanswered
        if not still or taken != self._taken or len(taken) >= settings.WORKERS:
            self._quiet_since = time.monotonic()
        self._unanswered, self._taken = unanswered, taken
        group = self._group()
        if group and time.monotonic() - self._quiet_since >= self._deaf_after:
            self._quiet_since = time.monotonic()
            logger.error("the cluster hears no ring: %d rounds are due and not taken; it is restarted", len(still))
            event_record(
                what="deaf cluster killed", text=f"{len(still)} rounds were due and rung for {self._deaf_after:g} s"
            )
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    """Say whether a process runs; one that is dead and only not yet buried by its parent does not."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 -- no file of ours
            return stat.read().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except ProcessLookupError:
        return False
    except OSError:  # no /proc on this system
        return True
