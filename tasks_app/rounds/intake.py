"""From a usable request to a durable row: INSERTs alone, no SELECT before them; a replay is found by the unique violation."""

from __future__ import annotations

import fcntl
import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from engine.domain import budget
from engine.domain.lifecycle import State, Step
from engine.inputs.request_fields import storable
from tasks_app.models import Attachment, Rejection, Round
from tasks_app.operations import clock
from tasks_app.redaction import redact
from tasks_app.rounds.runs import round_revive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from engine.inputs.task_request import Intake


_TURN = threading.Lock()
_LONGEST_TURN = 20.0  # seconds, as long as SQLite itself waits; after that it is SQLite's to say no


class ConflictError(Exception):
    """The same (email, task, round, nonce) was accepted before with another body."""

    def __init__(self, round_id: UUID) -> None:
        super().__init__(f"round {round_id} has this email, task, round and nonce and another body")
        self.round_id = round_id


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a request."""

    id: UUID
    warnings: list[str]
    replayed: bool = False
    revived: bool = False


def round_accept(*, intake: Intake) -> Accepted:
    """Store a request in one transaction, or find the round that it is a replay of. Raises ConflictError."""
    try:
        with _turn(), transaction.atomic():
            row = Round.objects.create(**_columns(intake))
            Attachment.objects.bulk_create(_attachments(row, intake))
    except IntegrityError:
        existing = Round.objects.filter(key=intake.key).only("id", "digest", "state", "warnings").first()
        if existing is None:
            raise
        if existing.digest != intake.digest:
            raise ConflictError(existing.id) from None
        revived = existing.state == State.FAILED and round_revive(round_id=existing.id, who="evaluator")
        return Accepted(existing.id, existing.warnings, replayed=True, revived=revived)
    return Accepted(row.id, row.warnings)


@contextmanager
def _turn() -> Iterator[None]:
    """Let one writer of this machine in at a time where the database is SQLite, which takes one anyway: first come, first served.

    Its own way to wait is to sleep for longer and longer and to try again: whoever has just come is first, and some wait for seconds. Threads of one
    process wait for each other here first, so that no more than one of them is in the kernel's queue for the file. Whoever dies lets go.
    """
    if connection.vendor != "sqlite" or not _TURN.acquire(timeout=_LONGEST_TURN):
        yield
        return
    try:
        # Opened each time: a file that was open at a fork is the same one in both processes, and its lock keeps neither out.
        with (settings.DATA_DIR / "intake.lock").open("ab") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield
    finally:
        _TURN.release()


def rejection_record(*, status: int, errors: Mapping[str, object], payload: Mapping[str, object], client: str) -> None:
    """Keep a refused request whose secret was right, less that secret."""
    kept = {key: value for key, value in payload.items() if key != "secret"}
    Rejection.objects.create(
        at=clock.now(),
        status=status,
        client=client[:64],
        errors=_kept(errors),
        payload=_kept(kept),
    )


def _kept(value: object) -> object:
    """Return a JSON value without any secret of ours, however short or oddly written the shared one is."""
    return json.loads(redact(json.dumps(storable(value, secret=settings.SECRET), ensure_ascii=False)))


def _columns(intake: Intake) -> dict[str, object]:
    now = clock.now()
    run = budget.fresh(now, settings.ROUND_DEADLINE_SECONDS)
    return {
        "key": intake.key,
        "task_key": intake.task_key,
        "email": intake.email,
        "task_name": intake.task,
        "number": intake.number,
        "nonce": intake.nonce,
        "brief": intake.brief,
        "checks": intake.checks,
        "evaluation_url": intake.evaluation_url,
        "request": intake.request,
        "digest": intake.digest,
        "warnings": intake.warnings,
        "created_at": now,
        "started_at": now,
        "deadline_at": run.deadline,
        "share_ends_at": run.share_ends(Step.GENERATE),
        "next_at": now,
    }


def _attachments(row: Round, intake: Intake) -> list[Attachment]:
    return [
        Attachment(
            round=row,
            position=position,
            name=file.name,
            media_type=file.media_type[:255],
            url=file.url,
            sha256=hashlib.sha256(file.content).hexdigest() if file.content is not None else "",
            content=file.content,
        )
        for position, file in enumerate(intake.attachments, 1)
    ]
