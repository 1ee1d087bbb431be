"""The doorbell: the only import of django-q2. What is rung may be lost or come twice; the row decides (docs/decisions/0002)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_q.tasks import async_task
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from uuid import UUID


class QueueDownError(Exception):
    """The broker could not be reached; the round stays due and is rung again."""


def ring(round_id: UUID) -> None:
    """Ask some worker to drive a round soon. Raises QueueDownError, or Django's database error where the database is the broker."""
    _ask("tasks_app.drive.drive", str(round_id))


def ring_watch(round_id: UUID, token: UUID) -> None:
    """Ask some worker to look for a page after its callback. Raises as `ring` does."""
    _ask("tasks_app.late_look.late_look", str(round_id), str(token))


def _ask(function: str, *arguments: str) -> None:
    try:
        async_task(function, *arguments, task_name=arguments[0], save=False)
    except RedisError as error:
        raise QueueDownError(str(error)) from error
