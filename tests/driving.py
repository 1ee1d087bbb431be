"""Drives rounds in the test's own process, whenever a test says that it is time."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tasks_app.drive import drive
from tasks_app.models import Round


def driven(row: Round) -> Round:
    """Drive a round as if its time had come."""
    Round.objects.filter(pk=row.pk, next_at__isnull=False).update(next_at=timezone.now())
    drive(str(row.pk))
    row.refresh_from_db()
    return row


def aged(row: Round, seconds: float) -> Round:
    """Make a round so many seconds older than it is."""
    past = timedelta(seconds=seconds)
    for name in ("created_at", "started_at", "deadline_at", "share_ends_at"):
        setattr(row, name, getattr(row, name) - past)
    row.save()
    return row


def seconds_until(row: Round) -> float:
    return (row.next_at - timezone.now()).total_seconds()
