"""The rows behind the metrics."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from tasks_app.models import Attempt, NotificationAttempt
from tests.factories import make_round

if TYPE_CHECKING:
    from tasks_app.models import Round


def ago(**of: float) -> datetime:
    return timezone.now() - timedelta(**of)


def ended(state: str = "completed", *, hours: float = 1, seconds: float = 90, **over: object) -> Round:
    """Make a round that ended `hours` ago, `seconds` after its POST."""
    at = ago(hours=hours)
    posted = at - timedelta(seconds=seconds)
    columns = {"created_at": posted, "started_at": posted, "finished_at": at, "next_at": None, "commit_sha": "a" * 40}
    return make_round(state=state, **columns | over)


def call(row: Round, **over: object) -> Attempt:
    common = {"run": 1, "kind": "generate", "provider": "openai", "started_at": timezone.now(), "seconds": 2.0}
    return Attempt.objects.create(round=row, **common | over)


def notified(row: Round, number: int, status: int | None = None, **over: object) -> NotificationAttempt:
    common = {"run": 1, "number": number, "url": row.evaluation_url, "body": b"{}", "started_at": timezone.now()}
    return NotificationAttempt.objects.create(round=row, status_code=status, **common | {"seconds": 0.1} | over)
