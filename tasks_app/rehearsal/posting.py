"""Sends one task to its endpoint: the try is a row before the POST, and its outcome one after it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from django.db import connection
from django.db.models import F
from django.db.models.functions import Coalesce

from engine.errors import EngineError
from tasks_app.models import IssuedTask
from tasks_app.operations import clock
from tasks_app.operations.connections import AWAY
from tasks_app.redaction import keepable
from tasks_app.rehearsal.submissions import decrypt, without_secrets
from tasks_app.reports.display import visible

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from engine.adapters.http.guard import GuardedHttp
    from engine.domain.http import Answer

T = TypeVar("T")
State = IssuedTask.Stage

#: An answer takes at most so long, and never longer than the callback may take.
SECONDS = 30.0
_MOST_BYTES = 100_000
_SHOWN = 200  # characters of an answer
MOST_TRIES = 3
#: A database that is away may come back: so long the outcome of a try or a judging is kept for it.
AWAY_SECONDS = 120.0
#: After the first and the second refusal, at pace 1: within 3 to 24 hours, as published.
GAPS = (timedelta(hours=3), timedelta(hours=21))


@dataclass(frozen=True, slots=True)
class PostOutcome:
    """`status`: None without an answer. `note`: why it was refused, or what is odd in the answer of a 200."""

    status: int | None
    note: str


def claim(pk: int, *, now: datetime, deadline: timedelta) -> bool:
    """Count the try of a task that is due. False: a callback came meanwhile, or another evaluator took it."""
    claimed = IssuedTask.objects.filter(pk=pk, state=State.QUEUED, next_at__lte=now).update(
        state=State.SENDING, tries=F("tries") + 1, sent_at=Coalesce("sent_at", now), next_at=now + deadline
    )
    return claimed == 1


def send(issued: IssuedTask, http: GuardedHttp) -> PostOutcome:
    """Post a claimed task. Raises SecretKeyError."""
    secret = decrypt(issued.submission.secret)
    body = json.dumps({**issued.request, "secret": secret}).encode()
    try:
        answer = http.request(
            "POST",
            issued.submission.endpoint,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            body=body,
            seconds=min(SECONDS, issued.submission.rehearsal.deadline_seconds),
            max_bytes=_MOST_BYTES,
            partial=True,
        )
    except EngineError as error:
        return PostOutcome(None, _kept(error.message, secret))
    return PostOutcome(answer.status, _note(answer, secret))


def _note(answer: Answer, secret: str) -> str:
    text = " ".join(_kept(answer.body.decode("utf-8", "replace"), secret).split())
    shown = f": {text[:_SHOWN]}" if text else " and an empty body"
    if answer.status == 200:
        return "" if _is_object(answer.body) else f"It answered 200, but no JSON object{shown}"
    if 300 <= answer.status < 400:
        target = _kept(answer.headers.get("location", "nowhere"), secret)[:500]
        return f"It answered {answer.status}, a redirect to {target}, which is not followed"
    return f"It answered {answer.status}, not 200{shown}"


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _kept(text: str, secret: str) -> str:
    return keepable(visible(without_secrets(text, [secret])))


def record(issued: IssuedTask, outcome: PostOutcome, *, now: datetime) -> str:
    """Store the outcome of a try; return a line about it. A callback that came meanwhile has accepted the task."""
    rehearsal = issued.submission.rehearsal
    row = IssuedTask.objects.filter(pk=issued.pk)
    sending = row.filter(state=State.SENDING)
    if outcome.status == 200:
        deadline = now + timedelta(seconds=rehearsal.deadline_seconds)
        accepted = {"status_code": 200, "error": outcome.note, "accepted_at": now}
        if not sending.update(state=State.ACCEPTED, next_at=deadline, **accepted):
            row.update(status_code=200, error=outcome.note)
        return f"accepted. {outcome.note}".rstrip(". ")
    kept = {"status_code": outcome.status, "error": outcome.note}
    if again := again_after(issued.tries, rehearsal.pace, now):
        changed = sending.update(state=State.QUEUED, next_at=again, **kept)
        line = f"{outcome.note.rstrip('.')}. It is sent again {_when(again, now)}"
    else:
        changed = sending.update(state=State.GAVE_UP, next_at=now, **kept)
        line = f"{outcome.note.rstrip('.')}. That was try {issued.tries}, and the last"
    if not changed:
        row.update(**kept)
        return f"{outcome.note.rstrip('.')}. Its callback came all the same"
    return line


def again_after(tries: int, pace: float, now: datetime) -> datetime | None:
    """Return when a task is sent again after this many tries; None: never."""
    return now + GAPS[tries - 1] * pace if tries < MOST_TRIES else None


def _when(again: datetime, now: datetime) -> str:
    return "at once" if again <= now + timedelta(seconds=1) else f"at {again:%Y-%m-%d %H:%M} UTC"


def send_and_record(pk: int, http: GuardedHttp) -> tuple[IssuedTask, str]:
    """Send a claimed task and store the outcome; return the task and a line about it."""
    issued = IssuedTask.objects.select_related("submission__rehearsal").get(pk=pk)
    outcome = send(issued, http)
    return issued, persist(lambda: record(issued, outcome, now=clock.now()))


def persist(write: Callable[[], T]) -> T:
    """Call `write` until the database takes it, and raise its error after AWAY_SECONDS: it may be restarting."""
    until = time.monotonic() + AWAY_SECONDS
    while True:
        try:
            return write()
        except AWAY:
            if time.monotonic() > until:
                raise
            connection.close()
            time.sleep(0.5)
