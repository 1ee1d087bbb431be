"""Retention (KEEP_SCREENSHOTS_DAYS, KEEP_PROMPTS_DAYS, KEEP_ROUNDS_DAYS): removes old data in small batches.

`manage.py prune` removes all that is due. A service with such a setting prunes by itself (`keep_pruning`): at most
MOST_BATCHES every ten minutes, so that neither a writer nor a round waits for it.
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
from tasks_app.operations.removals import (
    ALERTS,
    EVENTS,
    PROMPTS,
    REHEARSAL_SCREENSHOTS,
    REHEARSALS,
    REJECTIONS,
    ROUNDS,
    SCREENSHOTS,
    SESSIONS,
    STRAY_CALLS,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tasks_app.operations.removals import Removal

logger = logging.getLogger(__name__)

#: Seconds between two passes of a service, and between two batches of a pass.
EVERY = 600.0
BREATH = 0.2
#: A pass of a service ends after this many batches; the next pass continues.
MOST_BATCHES = 50
#: A dry run stops counting here.
MOST_COUNTED = 10_000

_NAMES: dict[str, tuple[Removal, ...]] = {
    "KEEP_SCREENSHOTS_DAYS": (SCREENSHOTS, REHEARSAL_SCREENSHOTS),
    "KEEP_PROMPTS_DAYS": (PROMPTS,),
    "KEEP_ROUNDS_DAYS": (ROUNDS, REHEARSALS, STRAY_CALLS, REJECTIONS, EVENTS, ALERTS, OLD_FAILURES),
}


@dataclass(frozen=True, slots=True)
class Removed:
    """One batch: rows of one kind, and about how many bytes they had."""

    name: str
    rows: int
    size: int


def is_asked_for() -> bool:
    """Say whether any KEEP_…_DAYS setting is set."""
    return any(getattr(settings, name) for name in _NAMES)


def due() -> list[tuple[Removal, datetime]]:
    """Return the removals in their order, each with the moment before which rows are old. Expired logins always go."""
    now = clock.now()
    days = [(getattr(settings, name), removals) for name, removals in _NAMES.items()]
    kinds = [(removal, now - timedelta(days=period)) for period, removals in days if period for removal in removals]
    return [*kinds, (SESSIONS, now)]


def count() -> Iterator[Removed]:
    """Yield how many rows of each kind would go, up to MOST_COUNTED. Their size is not computed (0)."""
    for removal, before in due():
        yield Removed(removal.name, removal.old(before).order_by()[:MOST_COUNTED].count(), 0)


def prune() -> Iterator[Removed]:
    """Remove what is due and yield after each batch; a caller may stop iterating. Raises django.db.Error."""
    for removal, before in due():
        yield from _prune_kind(removal, before)


def _prune_kind(removal: Removal, before: datetime) -> Iterator[Removed]:
    """Remove one kind. Each batch continues after the last one, so rows that are kept for ever are read only once."""
    old, newest = removal.old(before).order_by(removal.by, "pk"), None
    while True:
        rest = old if newest is None else old.filter(**{f"{removal.by}__gte": newest[-1][1]})
        ids = list(rest.values_list("pk", removal.by)[: removal.batch])
        if not ids or ids == newest:
            return
        newest = ids
        yield Removed(removal.name, len(ids), removal.remove([pk for pk, _ in ids]))


def keep_pruning(stop: threading.Event) -> None:
    """Prune periodically until `stop` is set. A database error is logged, and the next pass tries again."""
    while not stop.wait(EVERY):
        try:
            _pass(lambda: stop.wait(BREATH))
        except Error as error:
            logger.warning("nothing old was removed, the database could not be used: %s", error)
        finally:
            connections.close_all()


def _pass(breathe: Callable[[], bool]) -> None:
    """Remove at most MOST_BATCHES, and record the counts as an Event."""
    counts: dict[str, int] = {}
    for number, batch in enumerate(prune(), 1):
        counts[batch.name] = counts.get(batch.name, 0) + batch.rows
        if number >= MOST_BATCHES or breathe():
            break
    if counts:
        text = ", ".join(f"{rows} {name}" for name, rows in counts.items())
        logger.info("removed, as old as the settings say: %s", text)
        event_record(what="old things removed", text=text)
