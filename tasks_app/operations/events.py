"""Events: acts of operators, and decisions of the service that an operator should know about."""

from __future__ import annotations

from tasks_app.models import Event
from tasks_app.operations import clock
from tasks_app.redaction import keepable

#: The most characters of the reason that an operator gives for an act.
LONGEST_REASON = 500


def event_record(*, what: str, text: str = "", who: str = "service") -> None:
    """Store an event that concerns no single round."""
    Event.objects.create(at=clock.now(), who=who[:150], what=what[:40], text=text)


def kept_reason(text: str) -> str:
    """Return an operator's reason as it is stored: one line, bounded, without a secret."""
    return keepable(" ".join(text.split())[:LONGEST_REASON])
