"""Watches: a page that was not live at its callback, or was put back, is polled for a while, each look with a token.

A look that dies leaves its token. The token expires, and another worker looks again. A watch never changes the round's
state, step or callback.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from engine.domain.lifecycle import ACTIVE, AT_FORGE, Step
from tasks_app.models import Event, Round, Takedown
from tasks_app.operations import clock
from tasks_app.operations.breakers import breakers_open
from tasks_app.operations.connections import one_at_a_time
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

#: How long a page is watched after a callback that came before the page was live.
WATCHED = timedelta(minutes=30)
FIRST = timedelta(seconds=15)
#: A look ends before this; an older token is expired.
TOKEN_HOLDS = timedelta(seconds=120)
#: Looks take at most one in SHARE workers, rounded up.
SHARE = 4

#: The number of the lock under which looks are counted and claimed. No other lock has this number.
_LOOKS = 1017

#: The columns that end a watch: a run from before notify sets them too.
UNWATCHED: dict[str, object] = {"watch_until": None, "watch_at": None, "watch_token": None}

#: What an operator reads who puts a page back.
PUT_BACK = (
    f"The service looks for {WATCHED.seconds // 60} minutes until the page is live. "
    "A page that a workflow publishes needs a new run first: Regenerate, or run the workflow again on GitHub."
)


def watch_begun(now: datetime, *, first: timedelta = FIRST) -> dict[str, object]:
    """Return the columns that start the watch of a round's page."""
    return {"watch_until": now + WATCHED, "watch_at": now + first, "watch_token": None}


def page_down(takedown: Takedown) -> None:
    """Mark a page that was taken down as not live, and end its watch. `live_at` says when it was live."""
    _newest(takedown).update(live=False, **UNWATCHED)


def page_back(takedown: Takedown) -> None:
    """Start the watch of a page that was put back, unless a round under way looks for it before its callback."""
    if takedown.back_at:
        now = takedown.back_at
        watched = _newest(takedown).exclude(state__in=ACTIVE, step__in=set(Step) - {Step.NOTIFY})
        watched.filter(chosen_attempt__isnull=False).update(**watch_begun(now, first=timedelta()))


def _newest(takedown: Takedown) -> QuerySet[Round]:
    """Return the round whose commit the page serves, as a queryset."""
    owned = Round.objects.filter(owner=takedown.owner, repository=takedown.repository, published_at__isnull=False)
    return Round.objects.filter(pk__in=list(owned.order_by("-published_at").values_list("pk", flat=True)[:1]))


def rounds_looking() -> int:
    """Return how many rounds poll Pages: rounds in deploy, and watched ones."""
    waiting = Round.objects.filter(next_at__isnull=False, step=Step.DEPLOY).count()
    return max(waiting + Round.objects.filter(watch_at__isnull=False).count(), 1)


def looks_due(*, workers: int) -> list[UUID]:
    """Return the rounds whose look is due, at most as many as the workers' share allows."""
    now = clock.now()
    due = Round.objects.filter(watch_at__lte=now)
    if not due.exists() or "forge" in breakers_open(now=now):
        return []
    under_way = Round.objects.filter(watch_token__isnull=False, watch_at__gt=now).count()
    at_forge = Round.objects.filter(next_at__isnull=False, lease_until__gt=now, step__in=AT_FORGE).order_by().count()
    # With the steps that talk to the forge they leave a worker free; see tasks_app.rounds.schedule.
    places = max(min(-(-workers // SHARE), max(workers - 1, 1) - at_forge) - under_way, 0)
    return list(due.order_by("watch_at").values_list("pk", flat=True)[:places])


def look_claim(*, workers: int) -> tuple[UUID, UUID] | None:
    """Claim the look that has been due for longest; return the round and the token that fences each write."""
    if not looks_due(workers=workers):
        return None
    with one_at_a_time(_LOOKS):  # otherwise two workers could both take the last free place
        now, token = clock.now(), uuid.uuid4()
        for round_id in looks_due(workers=workers):
            if Round.objects.filter(pk=round_id, watch_at__lte=now).update(
                watch_token=token, watch_at=now + TOKEN_HOLDS
            ):
                return round_id, token
    return None


def watch_again(*, round_id: UUID, token: UUID, at: datetime) -> None:
    """Release the watch until its next look. A token that has expired changes nothing."""
    Round.objects.filter(pk=round_id, watch_token=token).update(watch_token=None, watch_at=at)


def watch_end(*, round_id: UUID, token: UUID, text: str) -> None:
    """End a watch whose page did not become live."""
    with transaction.atomic():
        if Round.objects.filter(pk=round_id, watch_token=token).update(**UNWATCHED):
            _event(round_id, "watch ended", text)


def watch_live(*, row: Round, token: UUID) -> None:
    """Mark the watched page as live, since its first time. There is no second callback."""
    now = clock.now()
    began = row.watch_until - WATCHED if row.watch_until else now
    seen = {"live": True, "live_at": Coalesce(F("live_at"), now)}
    with transaction.atomic():
        if Round.objects.filter(pk=row.pk, watch_token=token).update(**seen, **UNWATCHED):
            seconds = f"{(now - began).total_seconds():.0f} s"
            if Takedown.objects.filter(owner=row.owner, repository=row.repository, back_at=began).exists():
                _event(row.pk, "live again", f"{row.pages_url} serves this commit, {seconds} after it was put back")
                return
            text = f"{row.pages_url} serves this commit, {seconds} after the evaluator had to be told"
            _event(row.pk, "live after the callback", text)


def _event(round_id: UUID, what: str, text: str) -> None:
    Event.objects.create(at=clock.now(), who="service", what=what, round_id=round_id, text=keepable(text))
