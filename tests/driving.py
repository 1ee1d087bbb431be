"""Drives rounds in the test's own process, whenever a test says that it is time."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from tasks_app.models import Attempt, Round
from tasks_app.operations.workers import worker_name
from tasks_app.rounds.leases import lease_claim
from tasks_app.worker import drive as worker

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

#: From when to when each round was driven the last time.
_drives: dict[UUID, tuple[datetime, datetime]] = {}


def drive(round_id: str) -> None:
    """Claim a round and take its steps, as a woken worker does; nothing happens where it cannot be claimed."""
    lease = lease_claim(round_id=UUID(round_id), owner=worker_name())
    if lease is not None:
        worker.drive(lease)


def driven(row: Round) -> Round:
    """Drive a round as if its time had come."""
    Round.objects.filter(pk=row.pk, next_at__isnull=False).update(next_at=timezone.now())
    began = timezone.now()
    drive(str(row.pk))
    _drives[row.pk] = (began, timezone.now())
    row.refresh_from_db()
    return row


def aged(row: Round, seconds: float) -> Round:
    """Make a round so many seconds older than it is."""
    past = timedelta(seconds=seconds)
    for name in ("created_at", "started_at", "deadline_at", "share_ends_at"):
        setattr(row, name, getattr(row, name) - past)
    row.save()
    return row


def must_wait(row: Round, at_least: float, at_most: float = math.inf) -> None:
    """Fail unless the last drive of a round put it off by so many seconds, however long the drive itself took."""
    began, ended = _drives[row.pk]
    least, most = ((row.next_at - moment).total_seconds() for moment in (ended, began))
    assert most >= at_least, f"put off by {most} s at most"
    assert least <= at_most, f"put off by {least} s at least"


def page_calls() -> QuerySet[Attempt]:
    """Return the model calls for pages, in order: those for plans come before each run's first and are left out."""
    return Attempt.objects.exclude(kind__in=["plan", "plan_reminder"]).order_by("pk")


def kinds() -> list[str]:
    """Return of which kinds the calls for pages were, in order."""
    return list(page_calls().values_list("kind", flat=True))
