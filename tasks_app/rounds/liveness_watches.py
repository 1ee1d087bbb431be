"""Watches: a page that was not live at its callback is polled for a while longer, with a new token for each look.

A look that dies leaves its token. The token expires, and another worker looks again. A watch never changes the round's
state, step or callback.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from engine.domain.lifecycle import AT_FORGE, Step
from tasks_app.models import Event, Round
from tasks_app.operations import clock
from tasks_app.operations.breakers import breakers_open
from tasks_app.operations.connections import one_at_a_time
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    from uuid import UUID

#: How long a page is watched after a callback that came before the page was live.
WATCHED = timedelta(minutes=30)
FIRST = timedelta(seconds=15)
#: A look ends before this; an older token is expired.
TOKEN_HOLDS = timedelta(seconds=120)
#: Looks take at most one in SHARE workers, rounded up.
SHARE = 4

#: The number of the lock under which looks are counted and claimed. No other lock has this number.
_LOOKS = 1017

_ENDED: dict[str, object] = {"watch_until": None, "watch_at": None, "watch_token": None}


def watch_begun(now: datetime) -> dict[str, object]:
    """Return the columns that start the watch of a round's page."""
    return {"watch_until": now + WATCHED, "watch_at": now + FIRST, "watch_token": None}


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
        if Round.objects.filter(pk=round_id, watch_token=token).update(**_ENDED):
            _event(round_id, "watch ended", text)


def watch_live(*, row: Round, token: UUID) -> None:
    """Mark the watched page as live. There is no second callback."""
    now = clock.now()
    began = row.watch_until - WATCHED if row.watch_until else now
    with transaction.atomic():
        if Round.objects.filter(pk=row.pk, watch_token=token).update(live=True, live_at=now, **_ENDED):
            seconds = (now - began).total_seconds()
            text = f"{row.pages_url} serves this commit, {seconds:.0f} s after the evaluator had to be told"
            _event(row.pk, "live after the callback", text)


def _event(round_id: UUID, what: str, text: str) -> None:
    Event.objects.create(at=clock.now(), who="service", what=what, round_id=round_id, text=keepable(text))
