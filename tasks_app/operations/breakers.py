"""Circuit breakers: while the breaker of a kind of service (model, forge) is open, nothing is sent to that service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q

from engine.domain.lifecycle import ACTIVE, NEEDS
from tasks_app.models import Breaker, Event, Round
from tasks_app.operations import clock
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    from datetime import datetime

    from engine.errors import OutOfService


#: How the reason of a round begins that waits for a breaker.
OUT_OF_SERVICE = "out of service: "


def breakers_open(*, now: datetime | None = None) -> dict[str, Breaker]:
    """Return the open breakers by kind. A breaker whose `until` has passed counts as closed."""
    now = now or clock.now()
    return {b.kind: b for b in Breaker.objects.filter(Q(until=None) | Q(until__gt=now), closed_at=None)}


def breaker_trip(*, error: OutOfService) -> None:
    """Open the breaker of the error's kind. A breaker that is open already does not change."""
    now, reason = clock.now(), keepable(error.message)
    try:
        with transaction.atomic():
            Breaker.objects.filter(kind=error.kind, closed_at=None, until__lte=now).update(
                closed_at=now, closed_by="time"
            )
            Breaker.objects.create(kind=error.kind, code=error.code, reason=reason, since=now, until=error.until)
            Event.objects.create(at=now, who="service", what="breaker opened", text=f"{error.kind}: {reason}")
    except IntegrityError:
        return


def breaker_close(*, kind: str, who: str) -> bool:
    """Close a breaker and make the rounds that waited for it due now. Return False if no breaker was open."""
    now = clock.now()
    steps = [step for step, needed in NEEDS.items() if needed == kind]
    with transaction.atomic():
        closed = Breaker.objects.filter(kind=kind, closed_at=None).update(closed_at=now, closed_by=who[:150])
        if closed:
            # Rounds at another step may have waited for it too: no page is written that nothing can publish.
            waiting = Q(step__in=steps) | Q(waiting_on__startswith=OUT_OF_SERVICE)
            Round.objects.filter(waiting, state__in=ACTIVE, lease_token=None).update(next_at=now)
            Event.objects.create(at=now, who=who[:150], what="breaker closed", text=kind)
    return bool(closed)
