"""Stores a valid request in one transaction of INSERTs; a replay is recognised by the unique violation."""

from __future__ import annotations

import fcntl
import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction

from engine.domain import budget
from engine.domain.lifecycle import State, Step
from engine.inputs.request_fields import storable
from tasks_app.logs import log_id
from tasks_app.models import Attachment, Rejection, Round
from tasks_app.operations import clock
from tasks_app.operations.breakers import pauses_on
from tasks_app.operations.connections import file_problem
from tasks_app.redaction import redact, shared_secrets
from tasks_app.rounds.runs import round_revive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from engine.inputs.task_request import Intake


_TURN = threading.Lock()
_LONGEST_TURN = 20.0  # seconds, SQLite's own busy timeout; after it SQLite itself may refuse


class ConflictError(Exception):
    """Another body was accepted before for the same (email, task, round, nonce)."""

    def __init__(self, round_id: UUID) -> None:
        super().__init__(f"round {round_id} has this email, task, round and nonce and another body")
        self.round_id = round_id


@dataclass(frozen=True, slots=True)
class Accepted:
    """The round of an accepted request, and whether the request was a replay."""

    id: UUID
    warnings: list[str]
    replayed: bool = False
    revived: bool = False


class IntakePausedError(Exception):
    """An operator has paused the intake, and the request would begin a round or a run. The message says so."""


def round_accept(*, intake: Intake) -> Accepted:
    """Store a request in one transaction, or return the round that it replays.

    Raises ConflictError, OperationalError, and IntakePausedError if it would begin anything while the intake is
    paused: what was accepted before is still answered.
    """
    if pause := pauses_on().get("intake"):
        replay = _replay(intake, may_revive=False)
        if replay is None:
            raise IntakePausedError(f"{pause.reason}.")
        return replay
    try:
        with _sqlite_turn(), transaction.atomic():
            row = Round.objects.create(**_columns(intake), request_id=log_id("request"))
            Attachment.objects.bulk_create(_attachments(row, intake))
    except IntegrityError:
        replay = _replay(intake, may_revive=True)
        if replay is None:
            raise
        accepted = replay
    else:
        accepted = Accepted(row.id, row.warnings)
    if problem := file_problem():  # asked last: 200 only for what is in the file that the next start will find
        raise OperationalError(problem)
    return accepted


def _replay(intake: Intake, *, may_revive: bool) -> Accepted | None:
    """Return the round that a request replays; None without one, or if it had to be revived and must not be.

    Raises ConflictError.
    """
    existing = Round.objects.filter(key=intake.key).only("id", "digest", "state", "warnings").first()
    if existing is None:
        return None
    if existing.digest != intake.digest:
        raise ConflictError(existing.id) from None
    failed = existing.state == State.FAILED
    if failed and not may_revive:
        return None
    revived = failed and round_revive(round_id=existing.id, who="evaluator")
    return Accepted(existing.id, existing.warnings, replayed=True, revived=revived)


@contextmanager
def _sqlite_turn() -> Iterator[None]:
    """With SQLite, which has one writer at a time, let the writers of this machine in one after the other.

    SQLite itself waits by sleeping ever longer between attempts, so newcomers overtake and some writers wait for
    seconds. The threads of a process queue at a lock first, so that only one of them waits for the file. The kernel
    releases the file's lock when its holder dies.
    """
    if connection.vendor != "sqlite" or not _TURN.acquire(timeout=_LONGEST_TURN):
        yield
        return
    try:
        # The file is opened each time: after a fork both processes would share an open file, and so its lock.
        with (settings.DATA_DIR / "intake.lock").open("ab") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield
    finally:
        _TURN.release()


def rejection_record(*, status: int, errors: Mapping[str, object], payload: Mapping[str, object], client: str) -> None:
    """Store a refused request that had the right secret, without that secret."""
    fields = {key: value for key, value in payload.items() if key != "secret"}
    Rejection.objects.create(
        at=clock.now(),
        status=status,
        client=client[:64],
        errors=_redacted(errors),
        payload=_redacted(fields),
    )


def _redacted(value: object) -> object:
    """Return a JSON value without our secrets, even if the shared secret is short or oddly written."""
    return json.loads(redact(json.dumps(storable(value, secrets=shared_secrets()), ensure_ascii=False)))


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
            note=file.note,
        )
        for position, file in enumerate([*intake.attachments, *intake.unreadable], 1)
    ]
