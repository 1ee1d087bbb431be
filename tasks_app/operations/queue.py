"""The doorbell: the only import of django-q2. What is rung may be lost or come twice; the row decides (docs/decisions/0002)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django_q.models import Task
from django_q.tasks import async_task

from tasks_app.operations.removals import Removal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


_DOWN: tuple[type[Exception], ...] = ()
if settings.REDIS_URL:  # where it is not the broker, its library would be 6 MB for nothing
    from redis.exceptions import RedisError

    _DOWN = (RedisError,)


class QueueDownError(Exception):
    """The broker could not be reached; the round stays due and is rung again."""


def ring(round_id: UUID) -> None:
    """Ask some worker to drive a round soon. Raises QueueDownError, or Django's database error where the database is the broker."""
    _ask("tasks_app.worker.drive.drive", str(round_id))


def enqueue_look(round_id: UUID, token: UUID) -> None:
    """Ask some worker to look for a page after its callback. Raises as `ring` does."""
    _ask("tasks_app.worker.liveness_check.look_again", str(round_id), str(token))


def _ask(function: str, *arguments: str) -> None:
    try:
        async_task(function, *arguments, task_name=arguments[0], save=False)
    except _DOWN as error:
        raise QueueDownError(str(error)) from error


def _forget(ids: Sequence[object]) -> int:
    Task.objects.filter(pk__in=ids).delete()
    return 0


#: What django-q2 writes down of rings that raised, and never removes: those that went well leave nothing.
OLD_FAILURES = Removal(
    "failures of the queue", lambda before: Task.objects.filter(stopped__lt=before), "stopped", _forget
)
