"""The queue: all that we use of django-q2. A message only wakes a worker; the rows say what is due.

See docs/decisions/0002-row-is-the-truth.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_q.brokers import get_broker
from django_q.models import Task
from django_q.tasks import async_task
from redis.exceptions import RedisError

from tasks_app.operations.removals import Removal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def wake_workers(wanted: int, *, beat: Callable[[], object] = lambda: None) -> int:
    """Fill the queue up to `wanted` messages; return how many were added. Messages that a cluster fetched do not count.

    `beat` is called before each message. Raises RedisError, or Django's database error where the database is the
    broker, while the broker is down.
    """
    broker = get_broker()
    missing: int = max(wanted - broker.queue_size(), 0)
    for _ in range(missing):
        beat()
        async_task("tasks_app.worker.due_work.take_due", broker=broker, save=False)
    return missing


def queue_problem() -> str:
    """Return why the broker does not answer, "" if it does. Redis may be away while the database is there."""
    try:
        get_broker().ping()
    except RedisError as error:
        return f"REDIS_URL does not answer ({type(error).__name__}): no worker can be woken"
    return ""


def _forget(ids: Sequence[object]) -> int:
    Task.objects.filter(pk__in=ids).delete()
    return 0


#: django-q2 stores messages whose work raised and never removes them; successful messages leave no row.
OLD_FAILURES = Removal(
    "failures of the queue", lambda before: Task.objects.filter(stopped__lt=before), "stopped", _forget
)
