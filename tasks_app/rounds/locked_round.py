"""Writes to a round's rows that are fenced by its lease."""

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
    """Writes for one run of one round, as long as the query `own_round` finds the round."""

    def __init__(self, round_id: UUID, run: int, own_round: QuerySet[Round]) -> None:
        self._round_id, self._run, self._own_round = round_id, run, own_round

    @contextmanager
    def _fenced(self) -> Iterator[None]:
        """Lock the round during a write. Raises LeaseLost if another worker has the lease."""
        connection_heal()  # the last query may be minutes ago
        with transaction.atomic():
            if not self._own_round.select_for_update().values_list("pk", flat=True).first():
                raise LeaseLost
            yield


def since(moment: datetime) -> float:
    return (clock.now() - moment).total_seconds()
