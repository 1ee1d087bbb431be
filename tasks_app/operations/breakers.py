"""Circuit breakers: while the breaker of a kind of service is open, rounds that need it wait.

An outage opens the breaker of `model` or `forge`, until a time or until somebody closes it. A pause is a breaker that
an operator opened (`opened_by`): only an operator closes it, no time and no start. An outage and a pause of the same
kind are two rows, so that the end of the one leaves the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q

from engine.domain.lifecycle import ACTIVE, NEEDS
from engine.errors import OutOfService
from tasks_app.models import Breaker, Event, Round
from tasks_app.operations import clock
from tasks_app.operations.events import kept_reason
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from engine.domain.lifecycle import Step


@dataclass(frozen=True, slots=True)
class Pausable:
    """What an operator can pause: its name in a sentence, and a sentence on what happens meanwhile."""

    name: str
    meanwhile: str


#: What an operator can pause, by kind. Pausing publishing does not stop polls of Pages or callbacks.
PAUSES = {
    "intake": Pausable("The intake of tasks", "New tasks are answered 503; accepted rounds go on."),
    "publishing": Pausable("Publishing", "Rounds wait at publish until the pause ends; polls and callbacks go on."),
    "model": Pausable(
        "Calling the language model",
        "Rounds wait within their share of the deadline, then publish the best page that they have, or the fallback "
        "page; planned repairs are dropped.",
    ),
}

#: The code of a pause, and of the error by which a paused call ends.
PAUSED = "paused"

_OUTAGE = Q(opened_by="")

#: How the reason of a round begins that waits for a breaker, and how it goes on if no page is written before the forge
#: can publish it.
OUT_OF_SERVICE = "out of service: "
NOT_PUBLISHABLE = "nothing could be published: "


def breakers_open(*, now: datetime | None = None) -> dict[str, Breaker]:
    """Return the open breakers by kind, of an outage and a pause the pause. One whose `until` has passed is closed."""
    return {breaker.kind: breaker for breaker in all_open(now=now)}


def all_open(*, now: datetime | None = None) -> list[Breaker]:
    """Return all open breakers: of an outage and a pause of the same kind both, the pause last."""
    return list(_open(now or clock.now()).order_by("opened_by", "since"))


def breaker_of(step: Step) -> Breaker | None:
    """Return an open breaker of what the step needs, None if there is none."""
    open_now = breakers_open() if step in NEEDS else {}
    return next((open_now[kind] for kind in sorted(NEEDS.get(step, ())) if kind in open_now), None)


def outages_open() -> dict[str, Breaker]:
    """Return the breakers that outages hold open, by kind."""
    return {breaker.kind: breaker for breaker in _open(clock.now()).filter(_OUTAGE)}


def pauses_on() -> dict[str, Breaker]:
    """Return the pauses by kind."""
    return {pause.kind: pause for pause in Breaker.objects.filter(~_OUTAGE, closed_at=None)}


def breaker_trip(*, error: OutOfService) -> None:
    """Open the breaker of the error's kind for an outage. A breaker that is open already does not change."""
    if error.code == PAUSED:
        return
    now, reason = clock.now(), keepable(error.message)
    try:
        with transaction.atomic():
            Breaker.objects.filter(_OUTAGE, kind=error.kind, closed_at=None, until__lte=now).update(
                closed_at=now, closed_by="time"
            )
            Breaker.objects.create(kind=error.kind, code=error.code, reason=reason, since=now, until=error.until)
            Event.objects.create(at=now, who="service", what="breaker opened", text=f"{error.kind}: {reason}")
    except IntegrityError:
        return


def breaker_close(*, kind: str, who: str) -> bool:
    """Close an outage's breaker; rounds that waited for it are due now. Return False if none was open."""
    return _close(_OUTAGE, kind=kind, who=who, what="breaker closed")


def pause(*, kind: str, who: str, reason: str = "") -> bool:
    """Pause a kind of PAUSES. Return False if it is paused already: then the first pause stays as it is."""
    now, why = clock.now(), kept_reason(reason)
    text = keepable(f"{PAUSES[kind].name} is paused by an operator{f': {why}' if why else ''}")
    try:
        with transaction.atomic():
            Breaker.objects.create(kind=kind, code=PAUSED, reason=text, since=now, opened_by=who[:150])
            Event.objects.create(at=now, who=who[:150], what=PAUSED, text=keepable(f"{kind}: {why}" if why else kind))
    except IntegrityError:
        return False
    return True


def resume(*, kind: str, who: str) -> bool:
    """End a pause; rounds that waited for its end are due now. Return False if nothing was paused."""
    return _close(~_OUTAGE, kind=kind, who=who, what="resumed")


def refuse_if_paused(kind: str) -> None:
    """Raises OutOfService(paused) while the kind is paused."""
    if found := pauses_on().get(kind):
        raise OutOfService(PAUSED, found.reason, kind=kind)


def _open(now: datetime) -> QuerySet[Breaker]:
    return Breaker.objects.filter(Q(until=None) | Q(until__gt=now), closed_at=None)


def _close(which: Q, *, kind: str, who: str, what: str) -> bool:
    now = clock.now()
    steps = [step for step, needed in NEEDS.items() if kind in needed]
    with transaction.atomic():
        closed = Breaker.objects.filter(which, kind=kind, closed_at=None).update(closed_at=now, closed_by=who[:150])
        if closed:
            # Rounds at another step may have waited for it too: no page is written that nothing can publish.
            waiting = Q(step__in=steps) | Q(waiting_on__startswith=OUT_OF_SERVICE)
            Round.objects.filter(waiting, state__in=ACTIVE, lease_token=None).update(next_at=now)
            Event.objects.create(at=now, who=who[:150], what=what, text=kind)
    return bool(closed)
