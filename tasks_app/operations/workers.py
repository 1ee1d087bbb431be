"""Beats: which processes are alive and what they are on."""

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

#: A process without a beat for this long has ended, as far as we know; its row goes a day later.
SILENT = timedelta(seconds=30)
FORGOTTEN = timedelta(days=1)


def worker_name() -> str:
    """Return how leases and beats name this process: the supervisor that started it, and its pid."""
    return f"{os.environ.get('SUPERVISOR_ID', 'alone')}:{os.getpid()}"


def worker_beat(*, worker: str, row: Round | None = None, workers: int | None = None) -> None:
    """Note that a process is alive and which round it drives, if any; of a dispatcher, how many `workers` it keeps."""
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
    """Note that a process is still on what it was on."""
    WorkerBeat.objects.filter(worker=worker).update(seen_at=clock.now())


def workers_unresponsive(*, supervisor: str) -> set[int]:
    """Return the pids of a supervisor's workers that have a round in hand and gave no beat for a lease's time."""
    since = clock.now() - timedelta(seconds=settings.LEASE_SECONDS)
    found = WorkerBeat.objects.filter(worker__startswith=f"{supervisor}:", seen_at__lt=since, round__isnull=False)
    return set(found.values_list("pid", flat=True))


def worker_gone(*, supervisor: str, pid: int) -> None:
    """Forget a worker process that has ended."""
    WorkerBeat.objects.filter(worker=f"{supervisor}:{pid}").delete()


def stop_announce(*, supervisor: str) -> None:
    """Tell the workers of a supervisor to take no further step."""
    WorkerBeat.objects.filter(worker=f"{supervisor}:dispatcher").update(stopping=True)


def is_stopping() -> bool:
    """Say whether the supervisor of this worker process is being stopped."""
    supervisor = worker_name().partition(":")[0]
    return WorkerBeat.objects.filter(worker=f"{supervisor}:dispatcher", stopping=True).exists()


def beats_alive() -> int:
    """Return how many processes gave a beat lately."""
    return WorkerBeat.objects.filter(seen_at__gt=clock.now() - SILENT).count()


def beats_forget() -> int:
    """Delete the beats of processes that are long gone; return how many."""
    return WorkerBeat.objects.filter(seen_at__lt=clock.now() - FORGOTTEN).delete()[0]
