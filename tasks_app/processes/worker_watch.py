"""Watches the worker processes of one supervisor for those that died or no longer respond."""

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

#: The seconds without a claim or release, while rounds are due and a worker is free, after which a cluster is killed.
UNRESPONSIVE_AFTER = 60.0


class WorkerWatch:
    """The watch of one supervisor. `group` returns the process group of its cluster, None while no cluster runs.

    `beat` is called between the parts of a look.
    """

    def __init__(
        self,
        supervisor: str,
        group: Callable[[], int | None],
        *,
        unresponsive_after: float = UNRESPONSIVE_AFTER,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        self._supervisor, self._group, self._unresponsive_after = supervisor, group, unresponsive_after
        self._beat = beat
        self._leases: set[UUID] = set()
        self._responded = time.monotonic()

    def look(self) -> None:
        """Give the supervisor's beat, free the rounds of dead workers, and kill unresponsive workers and clusters.

        If the machine's clock was set back, the times of rounds follow first.
        """
        if by := schedule.clock_set_back():
            logger.warning("the machine's clock was set back by about %s: rounds go on at once", by)
        for part in (
            lambda: workers.worker_beat(worker=f"{self._supervisor}:dispatcher", workers=settings.WORKERS),
            workers.beats_forget,
            self._reap_workers,
            self._end_unresponsive_workers,
            self._restart_unresponsive_cluster,
        ):
            self._beat()
            part()

    def _reap_workers(self) -> None:
        dead_pids = {pid for pid in leases.lease_pids(supervisor=self._supervisor) if not _is_alive(pid)}
        if dead_pids and (freed := leases.leases_free(supervisor=self._supervisor, pids=dead_pids)):
            logger.warning("%d worker processes died; rounds freed: %d", len(dead_pids), freed)
            event_record(what="worker died", text=f"pids {sorted(dead_pids)}; rounds freed at once: {freed}")
        for pid in dead_pids:
            self._beat()
            workers.worker_gone(supervisor=self._supervisor, pid=pid)

    def _end_unresponsive_workers(self) -> None:
        for pid in workers.workers_unresponsive(supervisor=self._supervisor):
            self._beat()
            if _is_alive(pid) and self._is_ours(pid):
                logger.error("worker %s is unresponsive in the middle of a step: killed", pid)
                event_record(
                    what="unresponsive worker killed", text=f"pid {pid} gave no sign for {settings.LEASE_SECONDS:g} s"
                )
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            workers.worker_gone(supervisor=self._supervisor, pid=pid)

    def _is_ours(self, pid: int) -> bool:
        """Say whether a pid is still in the cluster's group: the system may have reused the pid."""
        try:
            return os.getpgid(pid) == self._group()
        except ProcessLookupError:
            return False

    def _restart_unresponsive_cluster(self) -> None:
        """Kill the cluster if rounds are due and it takes none; the supervisor restarts it."""
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
    """Say whether a process runs. A zombie does not."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 -- a kernel file, for which Path.open has no advantage
            return stat.read().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except ProcessLookupError:
        return False
    except OSError:  # this system has no /proc
        return True
