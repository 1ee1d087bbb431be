"""Events: acts of operators, and decisions of the service that an operator should know about."""

from __future__ import annotations

from tasks_app.models import Event
from tasks_app.operations import clock


def event_record(*, what: str, text: str = "", who: str = "service") -> None:
    """Store an event that concerns no single round."""
    Event.objects.create(at=clock.now(), who=who[:150], what=what[:40], text=text)
