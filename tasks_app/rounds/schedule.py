"""Which rounds are due, and which of them may be rung now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from engine.domain.lifecycle import ACTIVE, NEEDS, POLLING, UNPUBLISHED
from tasks_app.models import Round
from tasks_app.operations import clock
from tasks_app.operations.breakers import breakers_open

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

#: A ring that nobody answered is repeated after this: the queue may have lost it.
RING_AGAIN = timedelta(seconds=30)
#: The same on several machines while a worker is free: a cluster takes two rings ahead of its workers, and they may all be busy for minutes.
RING_SOON = timedelta(seconds=2)

#: A poll that nobody has taken for so long waits in the queue behind other work.
KEPT_WAITING = timedelta(seconds=2)


def enqueue_again_after(*, workers: int) -> timedelta:
    """Return after how long a ring that nobody has answered is repeated, where several machines keep so many workers together."""
    taken = Round.objects.filter(next_at__isnull=False, lease_until__gt=clock.now()).order_by().count()
    return RING_SOON if taken < workers else RING_AGAIN


def rounds_due(*, workers: int, again: timedelta = RING_AGAIN) -> list[UUID]:
    """Return the rounds to ring now: polls first, which are short, but never more of them at a time than half of the workers, rounded up."""
    now = clock.now()
    if not Round.objects.filter(next_at__lte=now).exists():
        return []  # asked four times a second: an idle service shall not work out an order of nothing
    rung = Q(enqueued_at__gt=now - again)
    leased = Q(lease_until__gt=now)
    active = Round.objects.filter(next_at__isnull=False)  # those that have not ended, by the index that holds no others
    due = active.filter(next_at__lte=now).exclude(leased).exclude(rung)
    due = _not_held(_in_order(due), closed=breakers_open(now=now), now=now)
    pending = active.filter(next_at__lte=now).filter(rung).exclude(leased).exclude(step__in=POLLING).count()
    room = max(workers - pending, 0)  # a longer queue of work would only be in the way of the polls behind it
    work = list(due.exclude(step__in=POLLING).order_by("next_at").values_list("pk", flat=True)[:room])
    polling = active.filter(rung & Q(next_at__lte=now) | leased, step__in=POLLING).count()
    places = max((workers + 1) // 2 - polling, 0)
    return list(due.filter(step__in=POLLING).order_by("next_at").values_list("pk", flat=True)[:places]) + work


def polls_due(*, most: int) -> list[UUID]:
    """Return the polls that have been kept waiting for longest, rung or not, for a worker that is about to be busy for minutes.

    One that has only just become due is left to its own ring: where a worker is free, no new round shall wait for it.
    """
    now = clock.now()
    due = Round.objects.filter(next_at__lte=now - KEPT_WAITING, step__in=POLLING).exclude(lease_until__gt=now)
    return list(
        _not_held(due, closed=breakers_open(now=now), now=now).order_by("next_at").values_list("pk", flat=True)[:most]
    )


def backlog() -> tuple[int, datetime | None]:
    """Return how many rounds are due and not taken, and since when the oldest is; those that rightly wait for another do not count."""
    now = clock.now()
    due = Round.objects.filter(state__in=ACTIVE, next_at__lte=now).exclude(lease_until__gt=now)
    due = _not_held(_in_order(due), closed=breakers_open(now=now), now=now)
    found = due.aggregate(count=Count("pk"), oldest=Min("next_at"))
    return found["count"], found["oldest"]


def round_enqueue(*, round_id: UUID, again: timedelta = RING_AGAIN) -> bool:
    """Mark a round as rung. False: another dispatcher was faster."""
    now = clock.now()
    fresh = Q(enqueued_at=None) | Q(enqueued_at__lte=now - again)
    return bool(Round.objects.filter(fresh, pk=round_id, state__in=ACTIVE, next_at__lte=now).update(enqueued_at=now))


def enqueued_reset(*, round_id: UUID | None = None) -> None:
    """Let a round (None: every one that nobody holds) be rung anew: its ring was not heeded, or lay in the memory of a dead cluster."""
    rung = Round.objects.filter(next_at__isnull=False, enqueued_at__isnull=False, lease_token=None)
    (rung.filter(pk=round_id) if round_id else rung).update(enqueued_at=None)


def enqueued_unanswered() -> set[tuple[UUID, datetime | None]]:
    """Return the rounds that were rung, are due and are not taken, each with the moment that it is due since."""
    now = clock.now()
    rung = Round.objects.filter(state__in=ACTIVE, next_at__lte=now, enqueued_at__isnull=False, lease_token=None)
    return set(rung.values_list("pk", "next_at"))


def _in_order(due: QuerySet[Round]) -> QuerySet[Round]:
    """Leave out a round while an earlier one of its task is neither published nor ended: both would build on the same head.

    Rounds of one number have an order too, by their arrival, except first ones: each of those makes a repository of its own.
    """
    mine = OuterRef("number")
    earlier = Q(number__lt=mine) | Q(number=mine, number__gt=1, created_at__lt=OuterRef("created_at"))
    ahead = Round.objects.filter(earlier, task_key=OuterRef("task_key"), state__in=ACTIVE, step__in=UNPUBLISHED)
    return due.exclude(Exists(ahead) & Q(step__in=UNPUBLISHED))


def _not_held(due: QuerySet[Round], *, closed: Collection[str], now: datetime) -> QuerySet[Round]:
    """Leave out rounds whose step needs what a breaker has closed off, until their step's share of the deadline ends.

    Not those that have a tree already: their plan is given up, and the best there is goes on.
    """
    steps = [step for step, kind in NEEDS.items() if kind in closed]
    return due.exclude(step__in=steps, share_ends_at__gt=now, decision="") if steps else due
