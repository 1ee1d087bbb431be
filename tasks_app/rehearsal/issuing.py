"""What is sent: a rehearsal with its submissions and the tasks of round 1, and the later rounds of a task."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from tasks_app.models import IssuedTask, Rehearsal, Submission
from tasks_app.rehearsal.submissions import encrypt
from tasks_app.rehearsal.templates.filling import fill, task_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tasks_app.rehearsal.submissions import GivenSubmission
    from tasks_app.rehearsal.templates.template import Template

#: Rows of one INSERT: each holds its attachments.
_BATCH = 50


@dataclass(frozen=True, slots=True)
class RehearsalOptions:
    """How a rehearsal is done; the fields are those of its row."""

    templates: str
    tasks: int
    rounds: int
    at_a_time: int
    deadline_seconds: int
    pace: float


def uuid7(now: datetime) -> UUID:
    """Return a UUID of version 7. https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7"""
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    value = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return UUID(int=value)


def seed_of(email: str, now: datetime) -> str:
    """Return what fills the templates for this email in this hour."""
    return hashlib.sha256(f"{email}{now.astimezone(UTC):%Y-%m-%dT%H}".encode()).hexdigest()[:12]


def chosen(templates: Sequence[Template], number: int, seed: str) -> list[Template]:
    """Return `number` of the templates, by the seed."""
    return sorted(templates, key=lambda one: hashlib.sha256(f"{seed} {one.id}".encode()).digest())[:number]


def begin(
    name: str,
    options: RehearsalOptions,
    given: Sequence[GivenSubmission],
    templates: Sequence[Template],
    *,
    evaluation_url: str,
    now: datetime,
) -> Rehearsal:
    """Make a rehearsal with all that its first round sends, in one transaction. Raises SecretKeyError.

    Raises IntegrityError if the name is taken.
    """
    rehearsal = Rehearsal(
        name=name,
        created_at=now,
        templates=options.templates,
        tasks=options.tasks,
        rounds=options.rounds,
        at_a_time=options.at_a_time,
        deadline_seconds=options.deadline_seconds,
        pace=options.pace,
        evaluation_url=evaluation_url,
    )
    submissions = [
        Submission(
            rehearsal=rehearsal,
            email=one.email,
            endpoint=one.endpoint,
            secret=encrypt(one.secret),
            repository=one.repository,
        )
        for one in given
    ]
    salt = secrets.token_hex(8)
    first = []
    for submission in submissions:
        seed = seed_of(submission.email, now)
        for template in chosen(templates, options.tasks, seed):
            task = task_id(template, salt=f"{salt} {submission.email}")
            first.append(_issued(submission, template, task=task, seed=seed, number=1, now=now))
    with transaction.atomic():
        rehearsal.save(force_insert=True)
        Submission.objects.bulk_create(submissions)
        IssuedTask.objects.bulk_create(first, batch_size=_BATCH)
    return rehearsal


def following(issued: IssuedTask, template: Template, now: datetime) -> IssuedTask:
    """Return the next round of a task, which is not saved."""
    return _issued(
        issued.submission, template, task=issued.task, seed=issued.seed, number=issued.round + 1, now=now
    )  # fmt: skip


def _issued(
    submission: Submission, template: Template, *, task: str, seed: str, number: int, now: datetime
) -> IssuedTask:
    filled = fill(template, seed=seed, round=number)
    nonce = str(uuid7(now))
    request = {
        "email": submission.email,
        "task": task,
        "round": number,
        "nonce": nonce,
        "brief": filled.brief,
        "checks": list(filled.checks),
        "evaluation_url": submission.rehearsal.evaluation_url,
        "attachments": list(filled.attachments),
    }
    return IssuedTask(
        submission=submission,
        template=template.id,
        task=task,
        round=number,
        nonce=nonce,
        seed=seed,
        request=request,
        criteria=[one.model_dump(mode="json", by_alias=True, exclude_defaults=True) for one in filled.criteria],
        next_at=now,
    )
