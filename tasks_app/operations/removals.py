"""The kinds of old data that may be removed, and how.

Nothing of an active round is removed, and nothing that a later round builds on. Each removal is one short transaction
over a few rows, safe to interrupt and to repeat. Partial indexes, or the time at which a round ended, find what is
still there, so that a repeated search costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum, TextField
from django.db.models.functions import Cast, Length

from engine.domain.checks import Kind, Verdict
from engine.domain.lifecycle import ACTIVE, ENDED, POLLING, State, Step
from tasks_app.models import (
    Alert,
    Attachment,
    Attempt,
    CheckResult,
    Event,
    NotifyCall,
    Rehearsal,
    RehearsalResult,
    Rejection,
    Round,
    SourceFile,
    Submission,
    Task,
)
from tasks_app.operations import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Removal:
    """A kind of data. `old` selects rows before a moment, `by` orders them; `remove` takes ids, returns bytes freed."""

    name: str
    old: Callable[[datetime], QuerySet[Any]]
    by: str
    remove: Callable[[Sequence[Any]], int]
    batch: int = 100


def _screenshots(before: datetime) -> QuerySet[CheckResult]:
    return CheckResult.objects.filter(
        screenshot__isnull=False, attempt__started_at__lt=before, attempt__round__finished_at__isnull=False
    )


def _screenshots_removed(ids: Sequence[int]) -> int:
    rows = CheckResult.objects.filter(pk__in=ids, screenshot__isnull=False)
    size = _sum(rows, Length("screenshot"))
    rows.update(screenshot=None, screenshot_removed_at=clock.now())
    return size


def _prompts(before: datetime) -> QuerySet[Attempt]:
    return Attempt.objects.filter(emptied_at=None, started_at__lt=before, round__finished_at__isnull=False)


def _prompts_removed(ids: Sequence[int]) -> int:
    """Empty model calls. Their files go only if no retry can need them: the round is past its choice of an attempt."""
    with transaction.atomic():
        rows = Attempt.objects.filter(pk__in=ids, round__finished_at__isnull=False)
        past = rows.filter(round__published_at__isnull=False, round__step__in=POLLING, round__decision_attempt=None)
        files = SourceFile.objects.filter(attempt__in=past.exclude(round__chosen_attempt=F("pk")), size__gt=0)
        texts = (Length("reply"), Length("reasoning"), Length(Cast("messages", TextField())))
        size = sum(_sum(rows, text) for text in texts) + _sum(files, F("size"))
        files.update(content=b"")
        rows.update(messages=[], reply="", reasoning="", emptied_at=clock.now())
    return size


def _rounds(before: datetime) -> QuerySet[Round]:
    """Return rounds that ended before, unless a later round builds on them or their callback is undelivered."""
    of_task = Round.objects.filter(task_key=OuterRef("task_key"))
    published = of_task.filter(published_at__isnull=False)
    newer = published.filter(published_at__gt=OuterRef("published_at"))
    own_number = OuterRef("number")
    page = published.filter(degraded=False).filter(
        Q(number__gt=own_number) | Q(number=own_number, published_at__gt=OuterRef("published_at"))
    )
    superseded = Q(published_at=None) | Exists(newer) & (Q(degraded=True) | Exists(page))
    ended = Round.objects.filter(superseded, finished_at__lt=before, watch_at=None)
    return ended.exclude(state=State.FAILED, step=Step.NOTIFY).exclude(Exists(of_task.filter(state__in=ACTIVE)))


def _rounds_removed(ids: Sequence[UUID]) -> int:
    """Delete rounds and their rows. What later rounds need of them is copied to the task first."""
    with transaction.atomic():
        rows = Round.objects.select_for_update().filter(pk__in=ids, state__in=ENDED)
        ended = list(rows.values_list("pk", "task_key", "published_at", "chosen_attempt"))
        rounds = Round.objects.filter(pk__in=[pk for pk, *_ in ended])
        for pk, task_key, published_at, chosen in ended:
            if published_at:
                _keep_for_later(task_key, pk, chosen)
        size = (
            _sum(rounds, Length(Cast("request", TextField())))
            + _sum(Attachment.objects.filter(round__in=rounds), Length("content"))
            + _sum(SourceFile.objects.filter(attempt__round__in=rounds), Length("content"))
        )
        # These foreign keys protect the rounds' attempts from deletion.
        rounds.update(chosen_attempt=None, decision_attempt=None, decision="")
        rounds.delete()
        remaining = Round.objects.filter(task_key=OuterRef("pk"))
        Task.objects.filter(pk__in={task_key for _, task_key, *_ in ended}).exclude(Exists(remaining)).delete()
    return size


def _keep_for_later(task_key: str, round_id: UUID, chosen: int | None) -> None:
    task = Task.objects.select_for_update().filter(pk=task_key).first()
    if task is None:
        return
    # An attachment without content could not be fetched, so it is in no tree.
    names = Attachment.objects.filter(round=round_id, content__isnull=False).values_list("name", flat=True)
    passed = CheckResult.objects.filter(attempt=chosen, kind=Kind.JS, verdict=Verdict.PASS).order_by("position")
    task.attachment_names = sorted({*task.attachment_names, *names})
    task.regression_checks = list(dict.fromkeys([*passed.values_list("text", flat=True), *task.regression_checks]))
    task.save(update_fields=["attachment_names", "regression_checks"])


def _rehearsal_screenshots(before: datetime) -> QuerySet[RehearsalResult]:
    taken = RehearsalResult.objects.annotate(screenshot_bytes=Length("screenshot")).filter(screenshot_bytes__gt=0)
    return taken.filter(issued__judged_at__lt=before)


def _rehearsal_screenshots_removed(ids: Sequence[int]) -> int:
    rows = RehearsalResult.objects.filter(pk__in=ids)
    size = _sum(rows, Length("screenshot"))
    rows.update(screenshot=b"")
    return size


def _rehearsals_removed(ids: Sequence[int]) -> int:
    """Delete ended rehearsals, a few submissions in each transaction. What was interrupted goes the next time."""
    size = _sum(RehearsalResult.objects.filter(issued__submission__rehearsal__in=ids), Length("log"))
    submissions = list(Submission.objects.filter(rehearsal__in=ids).order_by("pk").values_list("pk", flat=True))
    for first in range(0, len(submissions), _SUBMISSIONS):
        Submission.objects.filter(pk__in=submissions[first : first + _SUBMISSIONS]).delete()
    Rehearsal.objects.filter(pk__in=ids).delete()
    return size


def _delete_from(rows: QuerySet[Any]) -> Callable[[Sequence[Any]], int]:
    def remove(ids: Sequence[Any]) -> int:
        rows.filter(pk__in=ids).delete()
        return 0

    return remove


def _sum(rows: QuerySet[Any], size: Any) -> int:
    return rows.order_by().aggregate(total=Sum(size))["total"] or 0


#: Submissions of a rehearsal that one transaction deletes, each with hundreds of results.
_SUBMISSIONS = 5

SCREENSHOTS = Removal("screenshots", _screenshots, "attempt_id", _screenshots_removed)
PROMPTS = Removal("prompts, replies and files that were not chosen", _prompts, "started_at", _prompts_removed)
ROUNDS = Removal("rounds", _rounds, "finished_at", _rounds_removed, batch=20)
REJECTIONS = Removal(
    "rejections", lambda before: Rejection.objects.filter(at__lt=before), "at", _delete_from(Rejection.objects.all())
)
EVENTS = Removal(
    "events of no round",
    lambda before: Event.objects.filter(round=None, at__lt=before),
    "at",
    _delete_from(Event.objects.all()),
)
ALERTS = Removal("alerts", lambda before: Alert.objects.filter(at__lt=before), "at", _delete_from(Alert.objects.all()))
REHEARSAL_SCREENSHOTS = Removal(
    "screenshots of rehearsals", _rehearsal_screenshots, "issued__judged_at", _rehearsal_screenshots_removed
)
REHEARSALS = Removal(
    "rehearsals",
    lambda before: Rehearsal.objects.filter(ended_at__lt=before),
    "ended_at",
    _rehearsals_removed,
    batch=1,
)
STRAY_CALLS = Removal(
    "calls to /rehearsal/notify that named no task",
    lambda before: NotifyCall.objects.filter(issued=None, at__lt=before),
    "at",
    _delete_from(NotifyCall.objects.all()),
)
SESSIONS = Removal(
    "logins that have run out",
    lambda before: Session.objects.filter(expire_date__lt=before),
    "expire_date",
    _delete_from(Session.objects.all()),
)
