"""The service's present load, read by indexes that hold only unfinished and recently ended rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q, Sum

from engine.domain.budget import LEAST_WRITING_LATE, Budget
from engine.domain.lifecycle import ACTIVE, UNPUBLISHED, Step
from tasks_app.models import Round, WorkerBeat
from tasks_app.operations import clock
from tasks_app.operations.workers import SILENT
from tasks_app.redaction import keepable
from tasks_app.rounds.backlog import Load, reduced_budget
from tasks_app.rounds.transitions import reduced_budget_record

if TYPE_CHECKING:
    from tasks_app.rounds.leases import Lease

#: The number of recently ended rounds over which the time of a round is averaged.
LATELY = 50
_WRITTEN_LATE = "The page was written late and is not repaired: the round waited until something could be published."
#: The count of waiting rounds stops here.
MOST_COUNTED = 1000


def load_now(*, workers: int | None = None) -> Load:
    """Return the present load. `workers` replaces the count by the dispatchers' beats."""
    ended = Round.objects.filter(finished_at__isnull=False).order_by("-finished_at")
    worker_seconds = list(ended.values_list("worker_seconds", flat=True)[:LATELY])
    known_seconds = [seconds for seconds in worker_seconds if seconds is not None]
    mean = sum(known_seconds) / len(known_seconds) if known_seconds else None
    return Load(_waiting(), workers or workers_kept(), mean)


def workers_kept() -> int:
    """Return how many worker processes the live dispatchers keep."""
    alive = WorkerBeat.objects.filter(seen_at__gt=clock.now() - SILENT, stopping=False)
    return alive.aggregate(kept=Sum("workers"))["kept"] or 0


def workers_present() -> int:
    """Return the number of workers on all machines by their beats, but at least this machine's."""
    return max(workers_kept(), settings.WORKERS)


def round_reduce_budget(*, lease: Lease, row: Round) -> None:
    """Give a round in a backlog a smaller share for writing its page. Raises LeaseLost."""
    reduced = reduced_budget(Budget(row.started_at, row.deadline_at), clock.now(), load_now())
    if reduced is not None:
        reduced_budget_record(lease=lease, row=row, until=reduced.until, warning=keepable(reduced.why))


def round_give_time(*, lease: Lease, row: Round) -> None:
    """A round that waited too long for the forge gets extra time to write its page. Raises LeaseLost."""
    now, budget = clock.now(), Budget(row.started_at, row.deadline_at, row.reduced_until)
    if row.step == Step.GENERATE and not row.decision and not budget.model_seconds(now):
        until = now + (budget.deadline - budget.start) * LEAST_WRITING_LATE
        reduced_budget_record(lease=lease, row=row, until=until, warning=_WRITTEN_LATE)


def _waiting() -> int:
    """Return how many rounds wait to be written, checked or published."""
    now = clock.now()
    due = Round.objects.filter(state__in=ACTIVE, next_at__lte=now, step__in=UNPUBLISHED)
    free = due.filter(Q(lease_until=None) | Q(lease_until__lte=now))
    return free.order_by()[:MOST_COUNTED].count()
