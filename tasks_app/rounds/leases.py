"""Leases: which worker drives a round. A claim is one conditional UPDATE; its token fences every later write."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Case, F, Q, Value, When

from engine.domain.lifecycle import ACTIVE, State, Step
from tasks_app.models import Round
from tasks_app.operations import clock

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to drive one round. It holds while the round's row has its token."""

    round_id: UUID
    token: UUID
    since: float = field(default_factory=time.monotonic, compare=False)

    @property
    def seconds(self) -> float:
        """Return how long the lease has been held."""
        return time.monotonic() - self.since


def lease_ends(now: datetime) -> datetime:
    """Return the end of a lease that is claimed or renewed now. Heartbeats renew it four times in that time."""
    return now + timedelta(seconds=settings.LEASE_SECONDS)


def lease_claim(*, round_id: UUID, owner: str) -> Lease | None:
    """Claim a round that is due and free; return None if it is neither or another worker was faster.

    A token in the row belongs to a claim that ended without a release. That is a crash, which this UPDATE counts.
    """
    now, token = clock.now(), uuid.uuid4()
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    claimed = Round.objects.filter(free, pk=round_id, state__in=ACTIVE, next_at__lte=now).update(
        crashes=Case(When(lease_token=None, then=F("crashes")), default=F("crashes") + Value(1)),
        state=State.RUNNING,
        lease_token=token,
        lease_owner=owner,
        lease_until=lease_ends(now),
        waiting_on="",
    )
    return Lease(round_id, token) if claimed else None


def lease_renew(*, lease: Lease) -> bool:
    """Renew a lease. Return False if another worker has the round, or if the lease has expired and may be taken."""
    now = clock.now()
    held = Round.objects.filter(pk=lease.round_id, lease_token=lease.token, lease_until__gt=now)
    return bool(held.update(lease_until=lease_ends(now)))


def leases_free(*, supervisor: str, pids: Collection[int] | None = None) -> int:
    """Free the rounds of one supervisor's processes before their leases expire; return how many.

    `pids` names dead processes: their tokens stay, so that the next claim counts a crash. None means all processes,
    stopped on purpose, which counts as a release.
    """
    now = clock.now()
    held = _held().filter(lease_until__gt=now)
    if pids is None:
        stopped = held.filter(lease_owner__startswith=f"{supervisor}:")
        return stopped.update(lease_token=None, lease_until=None, state=State.QUEUED)
    return held.filter(lease_owner__in=[f"{supervisor}:{pid}" for pid in pids]).update(lease_until=now)


def leases_held(*, supervisor: str) -> set[UUID]:
    """Return the tokens of a supervisor's workers. A different set means that rounds were claimed or released."""
    held = (
        _held().exclude(step=Step.NOTIFY).filter(lease_owner__startswith=f"{supervisor}:", lease_until__gt=clock.now())
    )
    return {token for token in held.values_list("lease_token", flat=True) if token}


def lease_pids(*, supervisor: str, workers_only: bool = False) -> set[int]:
    """Return the process ids that hold leases under a supervisor: workers, and the dispatcher that sends callbacks."""
    held = _held().exclude(step=Step.NOTIFY) if workers_only else _held()
    owners = held.filter(lease_owner__startswith=f"{supervisor}:", lease_until__gt=clock.now())
    return {int(owner.rpartition(":")[2]) for owner in owners.values_list("lease_owner", flat=True)}


def _held() -> QuerySet[Round]:
    """Return the rounds with a lease. With an ORDER BY, SQLite would not use the index of unfinished rounds."""
    return Round.objects.filter(next_at__isnull=False, lease_token__isnull=False).order_by()
