"""Leases: who drives a round. A claim is one conditional UPDATE whose row count says who won; its token fences every later write."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Case, F, Q, Value, When

from engine.domain.lifecycle import ACTIVE, State
from tasks_app.models import Round
from tasks_app.operations import clock

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to drive one round, as long as its token is the row's."""

    round_id: UUID
    token: UUID
    since: float = field(default_factory=time.monotonic, compare=False)

    @property
    def seconds(self) -> float:
        """Return how long it was held by now."""
        return time.monotonic() - self.since


def lease_ends(now: datetime) -> datetime:
    """Return until when a claim or a renewal holds; it is renewed four times in that time."""
    return now + timedelta(seconds=settings.LEASE_SECONDS)


def lease_claim(*, round_id: UUID, owner: str) -> Lease | None:
    """Take a due round that nobody holds; None where somebody else was faster or it is not due.

    A token that is still there belongs to a claim that ended without a release: a crash, counted in the same UPDATE.
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
    """Hold on to a round for another lease. False: it is somebody else's, or its lease has run out and may be at any moment."""
    now = clock.now()
    held = Round.objects.filter(pk=lease.round_id, lease_token=lease.token, lease_until__gt=now)
    return bool(held.update(lease_until=lease_ends(now)))


def leases_free(*, supervisor: str, pids: Collection[int] | None = None) -> int:
    """Free the rounds that processes of one supervisor hold, before their leases run out; return how many.

    `pids` names processes that have died: their tokens stay, so that the next claim counts the crash. None means all of
    them, stopped on purpose: that is a release and counts as nothing.
    """
    now = clock.now()
    held = _held().filter(lease_until__gt=now)
    if pids is None:
        stopped = held.filter(lease_owner__startswith=f"{supervisor}:")
        return stopped.update(lease_token=None, lease_until=None, state=State.QUEUED)
    return held.filter(lease_owner__in=[f"{supervisor}:{pid}" for pid in pids]).update(lease_until=now)


def leases_held(*, supervisor: str) -> set[UUID]:
    """Return the tokens of the leases that are held under a supervisor: another set means that rounds were taken or let go."""
    held = _held().filter(lease_owner__startswith=f"{supervisor}:", lease_until__gt=clock.now())
    return {token for token in held.values_list("lease_token", flat=True) if token}


def lease_pids(*, supervisor: str) -> set[int]:
    """Return the process ids that hold leases under a supervisor."""
    owners = _held().filter(lease_owner__startswith=f"{supervisor}:", lease_until__gt=clock.now())
    return {int(owner.rpartition(":")[2]) for owner in owners.values_list("lease_owner", flat=True)}


def _held() -> QuerySet[Round]:
    """Return the rounds with a lease, by the index of those that have not ended: no other is held. Asked for in an order SQLite takes the order's index."""
    return Round.objects.filter(next_at__isnull=False, lease_token__isnull=False).order_by()
