"""Which rounds are due, and which one a free worker takes: polls of pages before work; no callback.

No slow outside party may hold all workers. Of two or more workers, steps that talk to the forge and looks at watched
pages leave one free, and so do rounds that fetch attachments. Takedowns are not counted: a worker does one at a time,
and only operators ask for them. Callbacks take no worker (tasks_app.worker.callbacks).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Case, Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Value, When

from engine.domain.lifecycle import ACTIVE, AT_FORGE, NEEDS, POLLING, UNPUBLISHED, Step
from tasks_app.models import (
    Alert,
    Attachment,
    Breaker,
    ForgeQuota,
    ForgeWrite,
    NotificationAttempt,
    Round,
    Takedown,
    WorkerBeat,
)
from tasks_app.operations import clock
from tasks_app.operations.breakers import breakers_open
from tasks_app.operations.connections import one_at_a_time
from tasks_app.operations.events import event_record
from tasks_app.rounds.leases import lease_claim
from tasks_app.rounds.liveness_watches import WATCHED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from tasks_app.rounds.leases import Lease

#: A time that has passed and is later than this from now is of a clock that has been set back since.
_NOT_BACK = timedelta(seconds=5)

#: Longer than any wait of a takedown: GitHub's limits count by the hour.
_LONGEST_TAKEDOWN = timedelta(hours=2)

#: The times of a round under way that are compared with the present time.
_TIMES = ("created_at", "started_at", "deadline_at", "next_at", "share_ends_at", "reduced_until", "lease_until")

#: The number of the lock under which places are counted and rounds claimed. No other lock has this number.
_CLAIMS = 1016

#: Rounds that are looked at for each one that is wanted, because some may lack a place.
_LOOKED_AT = 16


@dataclass(slots=True)
class Places:
    """How many more workers may poll pages, talk to the forge, or fetch attachments."""

    polls: int
    forge: int
    fetching: int

    def take(self, step: str, *, fetching: bool) -> bool:
        """Take the places that a round at `step` needs; say whether they were free."""
        if (step in AT_FORGE and self.forge <= 0) or (fetching and self.fetching <= 0):
            return False
        self.forge -= step in AT_FORGE
        self.fetching -= fetching
        return True


@dataclass(frozen=True, slots=True)
class DueCallback:
    """A round whose callback is due; `tried`: an earlier one of this run was not delivered."""

    round_id: UUID
    url: str
    tried: bool


def rounds_due(*, workers: int) -> list[UUID]:
    """Return the rounds that `workers` may take now: polls, then as much work as there are workers."""
    now = clock.now()
    if not Round.objects.filter(next_at__lte=now).exclude(step=Step.NOTIFY).exists():
        return []  # called four times a second: an idle service must not pay for the ordered query
    due, places = _due(now), _places(workers, now)
    return _polls(due, places) + _work(due, places, most=workers)


def callbacks_due(*, most: int) -> list[DueCallback]:
    """Return due callbacks, those that were never tried first, then those that have been due for longest."""
    now = clock.now()
    rounds = Round.objects.filter(next_at__lte=now, step=Step.NOTIFY, state__in=ACTIVE).exclude(lease_until__gt=now)
    tried = Exists(NotificationAttempt.objects.filter(round=OuterRef("pk"), run=OuterRef("run")))
    ordered = rounds.annotate(tried=tried).order_by("tried", "next_at").values_list("pk", "evaluation_url", "tried")
    return [DueCallback(*columns) for columns in ordered[:most]]


def poll_claim(*, owner: str, workers: int) -> Lease | None:
    """Claim the poll that has been due for longest, unless half of the workers, rounded up, poll already."""
    if not Round.objects.filter(next_at__lte=clock.now(), step=Step.DEPLOY).exists():
        return None
    with one_at_a_time(_CLAIMS):  # otherwise two workers could both take the last free place
        now = clock.now()
        return _claim_first(_polls(_due(now), _places(workers, now)), owner)


def work_claim(*, owner: str, workers: int) -> Lease | None:
    """Claim the round that has waited longest to be written, checked or published; one that is written comes first."""
    if not Round.objects.filter(next_at__lte=clock.now()).exclude(step__in=POLLING).exists():
        return None
    with one_at_a_time(_CLAIMS):
        now = clock.now()
        return _claim_first(_work(_due(now), _places(workers, now), most=workers), owner)


def publish_now(takedown: Takedown) -> None:
    """Have the rounds that waited at publish for the end of a takedown be due now."""
    keys = Round.objects.filter(owner=takedown.owner, repository=takedown.repository).values("task_key")
    waiting = Round.objects.filter(task_key__in=keys, state__in=ACTIVE, step=Step.PUBLISH, lease_token=None)
    waiting.update(next_at=clock.now())


def may_go_on(step: Step, *, workers: int) -> bool:
    """Say whether the worker whose round has come to `step` may take that step too, or others need the worker."""
    if step is Step.NOTIFY:
        return False
    if step not in AT_FORGE:
        return True
    places = _places(workers, clock.now())  # its round counts among those under way
    return places.forge >= 0 and (step is not Step.DEPLOY or places.polls >= 0)


def clock_set_back() -> timedelta | None:
    """If the machine's clock was set back, move the times of what is under way back too; return by how much.

    A beat, or the begin of a run, in the future shows it: without this, nothing would be due before the clock was there
    again. The newest of them is now. With PostgreSQL the server's clock counts, whose rows other machines write
    meanwhile.
    """
    if connection.vendor != "sqlite" or not _set_back_by(clock.now()):
        return None
    with transaction.atomic():
        now = clock.now()
        by = _set_back_by(now)
        if not by:
            return None
        _begun_later(now).update(**{name: F(name) - by for name in _TIMES})
        # Older runs keep their deadlines, and what they wait for comes as soon as it would have come.
        waiting = Round.objects.filter(next_at__gt=now, started_at__lt=now - _NOT_BACK).order_by()
        waiting.update(next_at=F("next_at") - by)
        watched = Round.objects.filter(watch_at__gt=now).order_by()
        watched.update(watch_at=F("watch_at") - by, watch_until=F("watch_until") - by)
        Alert.objects.filter(next_at__gt=now).update(next_at=F("next_at") - by)
        Alert.objects.filter(begun_at__gt=now).update(begun_at=F("begun_at") - by)
        Takedown.objects.filter(next_at__gt=now).update(next_at=F("next_at") - by)
        WorkerBeat.objects.filter(seen_at__gt=now).update(seen_at=F("seen_at") - by)
        Breaker.objects.filter(since__gt=now).update(since=F("since") - by)
        Breaker.objects.filter(until__gt=now, closed_at=None).update(until=F("until") - by)
        ForgeWrite.objects.filter(due_at__gt=now).update(due_at=F("due_at") - by, used_at=F("used_at") - by)
        ForgeQuota.objects.filter(blocked_until__gt=now).update(blocked_until=F("blocked_until") - by)
        event_record(what="clock set back", text=f"by {by}: the times of what is under way were moved back too")
    return by


def _set_back_by(now: datetime) -> timedelta | None:
    """Return by how much the clock was set back at least, None if nothing shows that it was."""
    waits = (
        (WorkerBeat.objects.all(), "seen_at", _NOT_BACK, timedelta()),
        (_begun_later(now), "started_at", _NOT_BACK, timedelta()),
        (Round.objects.all(), "watch_at", WATCHED, WATCHED),
        (Takedown.objects.all(), "next_at", _LONGEST_TAKEDOWN, _LONGEST_TAKEDOWN),
    )
    found = []
    for rows, name, longest, planned in waits:
        later = rows.order_by().filter(**{f"{name}__gt": now + longest})
        newest = later.aggregate(newest=Max(name))["newest"]
        if newest is not None:
            found.append(newest - planned - now)
    return max(found, default=None)


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


def _places(workers: int, now: datetime) -> Places:
    driven = Round.objects.filter(next_at__isnull=False, lease_until__gt=now).order_by()
    counts = driven.aggregate(
        polls=Count("pk", filter=Q(step=Step.DEPLOY)),
        forge=Count("pk", filter=Q(step__in=AT_FORGE)),
        fetching=Count("pk", filter=_fetching()),
    )
    looks = Round.objects.filter(watch_token__isnull=False, watch_at__gt=now).count()
    shared = max(workers - 1, 1)
    return Places((workers + 1) // 2 - counts["polls"], shared - counts["forge"] - looks, shared - counts["fetching"])


def _fetching() -> Q:
    """Match rounds whose attachments are still to be fetched from hosts that anybody named."""
    absent = Attachment.objects.filter(round=OuterRef("pk"), content=None, note="").exclude(url="")
    return Q(Exists(absent), step=Step.GENERATE)


def _polls(due: QuerySet[Round], places: Places) -> list[UUID]:
    free = max(min(places.polls, places.forge), 0)
    polls = list(due.filter(step=Step.DEPLOY).order_by("next_at").values_list("pk", flat=True)[:free])
    places.forge -= len(polls)
    return polls


def _work(due: QuerySet[Round], places: Places, *, most: int) -> list[UUID]:
    work = due.exclude(step__in=POLLING)
    if places.forge <= 0:
        work = work.exclude(step=Step.PUBLISH)
    fetching = Case(When(_fetching(), then=Value(True)), default=Value(False))
    work = work.annotate(fetching=fetching)
    if places.fetching <= 0:
        work = work.filter(fetching=False)
    written_first = Case(When(step=Step.PUBLISH, then=Value(0)), default=Value(1))
    rows = work.order_by(written_first, "next_at").values_list("pk", "step", "fetching")[: _LOOKED_AT * most]
    return list(islice(_with_places(rows, places), most))


def _with_places(rows: QuerySet[Round, tuple[UUID, str, bool]], places: Places) -> Iterator[UUID]:
    return (pk for pk, step, fetching in rows if places.take(step, fetching=fetching))


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
    steps = [step for step, kinds in NEEDS.items() if kinds & blocked.keys()]
    return due.exclude(step__in=steps, share_ends_at__gt=now, decision="") if steps else due
