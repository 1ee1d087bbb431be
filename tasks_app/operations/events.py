"""Events: what an operator did, and what the service decided that is worth knowing."""

from __future__ import annotations

from tasks_app.models import Event
from tasks_app.operations import clock


def event_record(*, what: str, text: str = "", who: str = "service") -> None:
    """Write down something that concerns no single round."""
    Event.objects.create(at=clock.now(), who=who[:150], what=what[:40], text=text)
