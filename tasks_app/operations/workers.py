"""Heartbeats: which processes are alive and which round each works on."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from tasks_app.models import WorkerBeat
from tasks_app.operations import clock

if TYPE_CHECKING:
    from tasks_app.models import Round

#: A process without a beat for this long is taken as ended; its row is deleted after FORGOTTEN.
SILENT = timedelta(seconds=30)
FORGOTTEN = timedelta(days=1)


def worker_name() -> str:
    """Return this process's name in leases and beats: the id of its supervisor, and its pid."""
    return f"{os.environ.get('SUPERVISOR_ID', 'alone')}:{os.getpid()}"


def worker_beat(*, worker: str, row: Round | None = None, workers: int | None = None) -> None:
    """Store that a process is alive, the round that it drives if any, and a dispatcher's number of `workers`."""
    WorkerBeat.objects.update_or_create(
        worker=worker,
        defaults={
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "seen_at": clock.now(),
            "round": row,
            "step": row.step if row else "",
            "workers": workers,
        },
    )


def worker_seen(*, worker: str) -> None:
    """Renew a process's beat; its round and step do not change."""
    WorkerBeat.objects.filter(worker=worker).update(seen_at=clock.now())


def workers_unresponsive(*, supervisor: str) -> set[int]:
    """Return the pids of a supervisor's workers that have a round and gave no beat for a lease's length."""
    silent_since = clock.now() - timedelta(seconds=settings.LEASE_SECONDS)
    silent = WorkerBeat.objects.filter(
        worker__startswith=f"{supervisor}:", seen_at__lt=silent_since, round__isnull=False
    )
    return set(silent.values_list("pid", flat=True))


def worker_gone(*, supervisor: str, pid: int) -> None:
    """Delete the beat of a worker process that has ended."""
    WorkerBeat.objects.filter(worker=f"{supervisor}:{pid}").delete()


def stop_announce(*, supervisor: str) -> None:
    """Mark a supervisor as stopping, so that its workers take no further step."""
    WorkerBeat.objects.filter(worker=f"{supervisor}:dispatcher").update(stopping=True)


def is_stopping() -> bool:
    """Say whether the supervisor of this worker process is stopping."""
    supervisor = worker_name().partition(":")[0]
    return WorkerBeat.objects.filter(worker=f"{supervisor}:dispatcher", stopping=True).exists()


def beats_alive() -> int:
    """Return how many processes gave a beat within SILENT."""
    return WorkerBeat.objects.filter(seen_at__gt=clock.now() - SILENT).count()


def beats_forget() -> int:
    """Delete the beats of processes that ended more than FORGOTTEN ago; return how many."""
    return WorkerBeat.objects.filter(seen_at__lt=clock.now() - FORGOTTEN).delete()[0]
