"""Which rounds are due, and which one a free worker takes: polls before new work, with at most half of the workers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet

from engine.domain.lifecycle import ACTIVE, NEEDS, POLLING, UNPUBLISHED
from tasks_app.models import Breaker, ForgeQuota, ForgeWrite, Round, WorkerBeat
from tasks_app.operations import clock
from tasks_app.operations.breakers import breakers_open
from tasks_app.operations.connections import one_at_a_time
from tasks_app.operations.events import event_record
from tasks_app.rounds.leases import lease_claim

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from tasks_app.rounds.leases import Lease

#: A run that begins later than this from now began by a clock that has been set back since.
_NOT_BACK = timedelta(seconds=5)

#: The times of a round under way that are compared with the present time.
_TIMES = ("created_at", "started_at", "deadline_at", "next_at", "share_ends_at", "reduced_until", "lease_until")

#: The number of the lock under which polls are counted and claimed. No other lock has this number.
_POLLS = 1016


def rounds_due(*, workers: int) -> list[UUID]:
    """Return the rounds that `workers` may take now: polls, then as much work as there are workers, oldest first."""
    now = clock.now()
    if not Round.objects.filter(next_at__lte=now).exists():
        return []  # called four times a second: an idle service must not pay for the ordered query
    due = _due(now)
    return _polls(due, workers=workers, now=now) + _work(due, most=workers)


def poll_claim(*, owner: str, workers: int) -> Lease | None:
    """Claim the poll that has been due for longest, unless half of the workers, rounded up, poll already."""
    if not Round.objects.filter(next_at__lte=clock.now(), step__in=POLLING).exists():
        return None
    with one_at_a_time(_POLLS):  # otherwise two workers could both take the last free place
        now = clock.now()
        return _claim_first(_polls(_due(now), workers=workers, now=now), owner)


def work_claim(*, owner: str, workers: int) -> Lease | None:
    """Claim the round that has waited longest to be written, checked or published."""
    return _claim_first(_work(_due(clock.now()), most=workers), owner)


def clock_set_back() -> timedelta | None:
    """If the machine's clock was set back, move the times of what is under way back too; return by how much.

    A run that begins in the future shows it: without this, nothing would be due before the clock was there again. The
    newest such run begins now. With PostgreSQL the server's clock counts, whose rows other machines write meanwhile.
    """
    if connection.vendor != "sqlite" or not _begun_later(clock.now()).exists():
        return None
    with transaction.atomic():
        now = clock.now()
        ahead = _begun_later(now)
        newest = ahead.aggregate(newest=Max("started_at"))["newest"]
        if newest is None:
            return None
        by: timedelta = newest - now
        ahead.update(**{name: F(name) - by for name in _TIMES})
        WorkerBeat.objects.filter(seen_at__gt=now).update(seen_at=F("seen_at") - by)
        Breaker.objects.filter(since__gt=now).update(since=F("since") - by, until=F("until") - by)
        ForgeWrite.objects.filter(due_at__gt=now).update(due_at=F("due_at") - by, used_at=F("used_at") - by)
        ForgeQuota.objects.filter(blocked_until__gt=now).update(blocked_until=F("blocked_until") - by)
        event_record(what="clock set back", text=f"by {by}: the times of rounds under way were moved back too")
    return by


def _begun_later(now: datetime) -> QuerySet[Round]:
    return Round.objects.filter(next_at__gt=now, started_at__gt=now + _NOT_BACK).order_by()


def backlog() -> tuple[int, datetime | None]:
    """Return how many due rounds no worker has taken, except those that must wait, and since when the oldest is due."""
    due_rounds = _due(clock.now()).aggregate(count=Count("pk"), oldest=Min("next_at"))
    return due_rounds["count"], due_rounds["oldest"]


def _claim_first(due: Sequence[UUID], owner: str) -> Lease | None:
    """Claim the first round that no other worker has claimed meanwhile."""
    claims = (lease_claim(round_id=round_id, owner=owner) for round_id in due)
    return next((lease for lease in claims if lease), None)


def _polls(due: QuerySet[Round], *, workers: int, now: datetime) -> list[UUID]:
    under_way = Round.objects.filter(next_at__isnull=False, lease_until__gt=now, step__in=POLLING).order_by().count()
    places = max((workers + 1) // 2 - under_way, 0)
    return list(due.filter(step__in=POLLING).order_by("next_at").values_list("pk", flat=True)[:places])


def _work(due: QuerySet[Round], *, most: int) -> list[UUID]:
    return list(due.exclude(step__in=POLLING).order_by("next_at").values_list("pk", flat=True)[:most])


def _due(now: datetime) -> QuerySet[Round]:
    """Return the due and free rounds, except those that wait for an earlier round or for an open breaker."""
    active = Round.objects.filter(state__in=ACTIVE, next_at__isnull=False)  # an index holds only these
    return _without_breakers(_in_order(active.filter(next_at__lte=now).exclude(lease_until__gt=now)), now)


def _in_order(due: QuerySet[Round]) -> QuerySet[Round]:
    """Leave out a round while an earlier one of its task is neither published nor ended: both build on the same head.

    Rounds of the same number are ordered by arrival, except first rounds: each of those makes its own repository.
    """
    own_number = OuterRef("number")
    earlier = Q(number__lt=own_number) | Q(number=own_number, number__gt=1, created_at__lt=OuterRef("created_at"))
    ahead = Round.objects.filter(earlier, task_key=OuterRef("task_key"), state__in=ACTIVE, step__in=UNPUBLISHED)
    return due.exclude(Exists(ahead) & Q(step__in=UNPUBLISHED))


def _without_breakers(due: QuerySet[Round], now: datetime) -> QuerySet[Round]:
    """Leave out rounds whose step needs a service with an open breaker, until the step's share of the deadline ends.

    Rounds that have a tree already are not left out: they drop their planned attempt and publish the best tree.
    """
    blocked = breakers_open(now=now)
    steps = [step for step, kind in NEEDS.items() if kind in blocked]
    return due.exclude(step__in=steps, share_ends_at__gt=now, decision="") if steps else due
