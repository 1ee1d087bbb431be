"""How long what happened is kept (KEEP_SCREENSHOTS_DAYS, KEEP_PROMPTS_DAYS, KEEP_ROUNDS_DAYS): removed a little at a time, what weighs most first.

`manage.py prune` removes all that is due; a service whose settings say how long does it by itself (`keep_pruning`), at most a bounded number of
batches every ten minutes, so that neither a writer nor a round waits for it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import Error, connections

from tasks_app.operations import clock
from tasks_app.operations.events import event_record
from tasks_app.operations.queue import OLD_FAILURES
from tasks_app.operations.removals import EVENTS, PROMPTS, REJECTIONS, ROUNDS, SCREENSHOTS, SESSIONS

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tasks_app.operations.removals import Removal

logger = logging.getLogger(__name__)

#: Seconds between two passes of a service, and between two batches of one.
EVERY = 600.0
BREATH = 0.2
#: A pass of a service ends after so many batches; the next one goes on.
MOST_BATCHES = 50
#: No dry run counts further.
MOST_COUNTED = 10_000

_NAMES: dict[str, tuple[Removal, ...]] = {
    "KEEP_SCREENSHOTS_DAYS": (SCREENSHOTS,),
    "KEEP_PROMPTS_DAYS": (PROMPTS,),
    "KEEP_ROUNDS_DAYS": (ROUNDS, REJECTIONS, EVENTS, OLD_FAILURES),
}


@dataclass(frozen=True, slots=True)
class Gone:
    """What one batch removed: rows of one kind, and about how many bytes."""

    name: str
    rows: int
    size: int


def is_asked_for() -> bool:
    """Say whether any setting bounds how long something is kept."""
    return any(getattr(settings, name) for name in _NAMES)


def due() -> list[tuple[Removal, datetime]]:
    """Return what is to be removed, in its order, and older than when. Logins that have run out go always."""
    now = clock.now()
    days = [(getattr(settings, name), removals) for name, removals in _NAMES.items()]
    kinds = [(one, now - timedelta(days=kept)) for kept, removals in days if kept for one in removals]
    return [*kinds, (SESSIONS, now)]


def count() -> Iterator[Gone]:
    """Yield how much of each kind would go, counted to MOST_COUNTED; its size is not looked at (0)."""
    for removal, before in due():
        yield Gone(removal.name, removal.old(before).order_by()[:MOST_COUNTED].count(), 0)


def prune() -> Iterator[Gone]:
    """Remove what is due, and yield after each batch: whoever stops iterating stops it. Raises django.db.Error."""
    for removal, before in due():
        yield from _removed(removal, before)


def _removed(removal: Removal, before: datetime) -> Iterator[Gone]:
    """Remove one kind. It goes on from where the last batch ended: what is kept for ever is not looked at with each batch again."""
    old, last = removal.old(before).order_by(removal.by, "pk"), None
    while True:
        rest = old if last is None else old.filter(**{f"{removal.by}__gte": last[-1][1]})
        found = list(rest.values_list("pk", removal.by)[: removal.batch])
        if not found or found == last:
            return
        last = found
        yield Gone(removal.name, len(found), removal.remove([pk for pk, _ in found]))


def keep_pruning(stop: threading.Event) -> None:
    """Prune now and then until `stop` is set; a database that cannot be reached is logged and tried again."""
    while not stop.wait(EVERY):
        try:
            _pass(lambda: stop.wait(BREATH))
        except Error as error:
            logger.warning("nothing old was removed, the database could not be used: %s", error)
        finally:
            connections.close_all()


def _pass(breathe: Callable[[], bool]) -> None:
    """Remove at most MOST_BATCHES, and write down what went."""
    gone: dict[str, int] = {}
    for number, batch in enumerate(prune(), 1):
        gone[batch.name] = gone.get(batch.name, 0) + batch.rows
        if number >= MOST_BATCHES or breathe():
            break
    if gone:
        text = ", ".join(f"{rows} {name}" for name, rows in gone.items())
        logger.info("removed, as old as the settings say: %s", text)
        event_record(what="old things removed", text=text)
