"""Watches: a page that was not live when its evaluator had to be told is looked for a while longer, by a token a look.

A look that dies leaves a token whose time runs out; then the next worker looks. Nothing of it touches the round's
state, its step or its callback.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from engine.domain.lifecycle import Step
from tasks_app.models import Event, Round
from tasks_app.operations import clock
from tasks_app.operations.breakers import breakers_open
from tasks_app.operations.connections import one_at_a_time
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    from uuid import UUID

#: So long after the evaluator was told too early.
WATCHED = timedelta(minutes=30)
FIRST = timedelta(seconds=15)
#: A look takes less than this; a token that is older is nobody's.
TOKEN_HOLDS = timedelta(seconds=120)
#: A watched page's looks take at most this part of the workers, rounded up.
SHARE = 4

#: The number of the lock under which looks are counted and claimed; any that nobody else uses.
_LOOKS = 1017

_ENDED: dict[str, object] = {"watch_until": None, "watch_at": None, "watch_token": None}


def watch_begun(now: datetime) -> dict[str, object]:
    """Return the columns of a round whose page is watched from now on."""
    return {"watch_until": now + WATCHED, "watch_at": now + FIRST, "watch_token": None}


def rounds_looking() -> int:
    """Return how many rounds look at Pages these days: those that wait for it, and those that are watched."""
    waiting = Round.objects.filter(next_at__isnull=False, step=Step.DEPLOY).count()
    return max(waiting + Round.objects.filter(watch_at__isnull=False).count(), 1)


def looks_due(*, workers: int) -> list[UUID]:
    """Return the rounds whose page may be looked for now, never more at a time than a share of the workers."""
    now = clock.now()
    due = Round.objects.filter(watch_at__lte=now)
    if not due.exists() or "forge" in breakers_open(now=now):
        return []
    under_way = Round.objects.filter(watch_token__isnull=False, watch_at__gt=now).count()
    places = max(-(-workers // SHARE) - under_way, 0)
    return list(due.order_by("watch_at").values_list("pk", flat=True)[:places])


def look_claim(*, workers: int) -> tuple[UUID, UUID] | None:
    """Take the look that has waited for longest: return the round and the token that every write needs."""
    if not looks_due(workers=workers):
        return None
    with one_at_a_time(_LOOKS):  # else two workers would count the same free place
        now, token = clock.now(), uuid.uuid4()
        for round_id in looks_due(workers=workers):
            if Round.objects.filter(pk=round_id, watch_at__lte=now).update(
                watch_token=token, watch_at=now + TOKEN_HOLDS
            ):
                return round_id, token
    return None


def watch_again(*, round_id: UUID, token: UUID, at: datetime) -> None:
    """Let go until the next look; whoever lost the token changes nothing."""
    Round.objects.filter(pk=round_id, watch_token=token).update(watch_token=None, watch_at=at)


def watch_end(*, round_id: UUID, token: UUID, text: str) -> None:
    """End a watch without a live page."""
    with transaction.atomic():
        if Round.objects.filter(pk=round_id, watch_token=token).update(**_ENDED):
            _event(round_id, "watch ended", text)


def watch_live(*, row: Round, token: UUID) -> None:
    """The page came: note it on the round. Its evaluator is not told again."""
    now = clock.now()
    began = row.watch_until - WATCHED if row.watch_until else now
    with transaction.atomic():
        if Round.objects.filter(pk=row.pk, watch_token=token).update(live=True, live_at=now, **_ENDED):
            seconds = (now - began).total_seconds()
            text = f"{row.pages_url} serves this commit, {seconds:.0f} s after the evaluator had to be told"
            _event(row.pk, "live after the callback", text)


def _event(round_id: UUID, what: str, text: str) -> None:
    Event.objects.create(at=clock.now(), who="service", what=what, round_id=round_id, text=keepable(text))
