"""Watches: a page that was not live when its evaluator had to be told is looked for a while longer, by a token a look.

A dispatcher hands out a token and rings; the worker that answers trades it for one of its own. A look that dies leaves a token whose time
runs out, and is rung again. Nothing of it touches the round's state, its step or its callback.
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
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    from uuid import UUID

#: So long after the evaluator was told too early.
WATCHED = timedelta(minutes=30)
FIRST = timedelta(seconds=15)
#: A look takes less than this, in a queue that is not jammed; a token that is older is nobody's.
TOKEN_HOLDS = timedelta(seconds=120)
#: A watched page's looks take at most this part of the workers, rounded up.
SHARE = 4

_ENDED: dict[str, object] = {"watch_until": None, "watch_at": None, "watch_token": None}


def watch_begun(now: datetime) -> dict[str, object]:
    """Return the columns of a round whose page is watched from now on."""
    return {"watch_until": now + WATCHED, "watch_at": now + FIRST, "watch_token": None}


def rounds_looking() -> int:
    """Return how many rounds look at Pages these days: those that wait for it, and those that are watched."""
    waiting = Round.objects.filter(next_at__isnull=False, step=Step.DEPLOY).count()
    return max(waiting + Round.objects.filter(watch_at__isnull=False).count(), 1)


def looks_enqueue(*, workers: int) -> list[tuple[UUID, UUID]]:
    """Hand out tokens for the looks that are due and may be rung now, never for more than a share of the workers at a time."""
    now = clock.now()
    due = Round.objects.filter(watch_at__lte=now)
    if not due.exists() or "forge" in breakers_open(now=now):
        return []
    under_way = Round.objects.filter(watch_token__isnull=False, watch_at__gt=now).count()
    places = max(-(-workers // SHARE) - under_way, 0)
    rung = []
    for round_id in list(due.order_by("watch_at").values_list("pk", flat=True)[:places]):
        token = uuid.uuid4()
        if Round.objects.filter(pk=round_id, watch_at__lte=now).update(watch_token=token, watch_at=now + TOKEN_HOLDS):
            rung.append((round_id, token))
    return rung


def watch_claim(*, round_id: UUID, token: UUID) -> UUID | None:
    """Trade a rung token for the right to look; None where it was traded before, has run out or the watch is over."""
    now, mine = clock.now(), uuid.uuid4()
    held = Round.objects.filter(pk=round_id, watch_token=token, watch_at__gt=now)
    return mine if held.update(watch_token=mine, watch_at=now + TOKEN_HOLDS) else None


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
