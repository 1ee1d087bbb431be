"""Looks after the worker processes of one supervisor: those that have died and those that no longer respond."""

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
from tasks_app.rounds.load import workers_present

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

logger = logging.getLogger(__name__)

#: So long, in seconds, a round may be due while a worker is free and none takes or releases a round.
UNRESPONSIVE_AFTER = 60.0


class WorkerWatch:
    """One supervisor's watch. `group` returns the process group of its cluster, None while there is none."""

    def __init__(
        self, supervisor: str, group: Callable[[], int | None], *, unresponsive_after: float = UNRESPONSIVE_AFTER
    ) -> None:
        self._supervisor, self._group, self._unresponsive_after = supervisor, group, unresponsive_after
        self._leases: set[UUID] = set()
        self._responded = time.monotonic()

    def look(self) -> None:
        """Beat for the supervisor, free what workers held when they died, and end what is unresponsive."""
        workers.worker_beat(worker=f"{self._supervisor}:dispatcher", workers=settings.WORKERS)
        workers.beats_forget()
        self._reap_workers()
        self._end_unresponsive_workers()
        self._restart_unresponsive_cluster()

    def _reap_workers(self) -> None:
        gone = {pid for pid in leases.lease_pids(supervisor=self._supervisor) if not _is_alive(pid)}
        if gone and (freed := leases.leases_free(supervisor=self._supervisor, pids=gone)):
            logger.warning("%d worker processes died; rounds freed: %d", len(gone), freed)
            event_record(what="worker died", text=f"pids {sorted(gone)}; rounds freed at once: {freed}")
        for pid in gone:
            workers.worker_gone(supervisor=self._supervisor, pid=pid)

    def _end_unresponsive_workers(self) -> None:
        for pid in workers.workers_unresponsive(supervisor=self._supervisor):
            if _is_alive(pid) and self._is_ours(pid):
                logger.error("worker %s is unresponsive in the middle of a step: killed", pid)
                event_record(
                    what="unresponsive worker killed", text=f"pid {pid} gave no sign for {settings.LEASE_SECONDS:g} s"
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

    def _restart_unresponsive_cluster(self) -> None:
        """Kill the cluster where it takes no round that is due; its supervisor starts it again."""
        before, self._leases = self._leases, leases.leases_held(supervisor=self._supervisor)
        all_busy = len(self._leases) >= settings.WORKERS
        due = [] if all_busy else schedule.rounds_due(workers=workers_present())
        if not due or self._leases != before:
            self._responded = time.monotonic()
        group = self._group()
        if group and time.monotonic() - self._responded >= self._unresponsive_after:
            self._responded = time.monotonic()
            logger.error("the cluster is unresponsive: %d rounds are due and not taken; it is restarted", len(due))
            event_record(
                what="unresponsive cluster restarted",
                text=f"no round was taken for {self._unresponsive_after:g} s, and {len(due)} were due",
            )
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended and waits for its parent to reap it does not."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 -- no file of ours
            return stat.read().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except ProcessLookupError:
        return False
    except OSError:  # no /proc on this system
        return True
