"""Rows of a round that only whoever holds it may write."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import transaction

from engine.errors import LeaseLost
from tasks_app.operations import clock
from tasks_app.operations.connections import connection_heal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from tasks_app.models import Round


class LockedRows:
    """Writes for one run of one round, as long as `mine` finds the round."""

    def __init__(self, round_id: UUID, run: int, mine: QuerySet[Round]) -> None:
        self._round_id, self._run, self._mine = round_id, run, mine

    @contextmanager
    def _fenced(self) -> Iterator[None]:
        """Hold the row while something is written for it. Raises LeaseLost where the lease is another's."""
        connection_heal()  # minutes may have gone by since the last query
        with transaction.atomic():
            if not self._mine.select_for_update().values_list("pk", flat=True).first():
                raise LeaseLost
            yield


def since(moment: datetime) -> float:
    """Return the seconds since then."""
    return (clock.now() - moment).total_seconds()
