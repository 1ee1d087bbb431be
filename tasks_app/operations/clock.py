"""The clock that all machines share: the database's.

A machine whose own clock is wrong by minutes would steal leases, lose its own, and reckon deadlines that nobody else sees. So each process
asks PostgreSQL for its time now and then and goes on from there by a clock that nobody sets. Where both clocks differ by less than AGREE the
machine's own counts, as it does with SQLite, which has no clock but the one of the machine that all its processes are on.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import Error, connection
from django.utils import timezone

logger = logging.getLogger(__name__)

#: Machines that keep their time differ by less; a lease is sixty times as long.
AGREE = timedelta(seconds=1)
#: The database is asked again after this, in seconds.
FRESH = 60.0

#: Counts on while a machine sleeps, and does not jump when somebody sets its clock.
_TICKS = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True)
class _Told:
    """What the database said, and when by our ticks."""

    moment: datetime
    ticks: float


class DatabaseClock:
    """Tells the time as `now` does: the engine's Clock."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        return now()


class _Comparison:
    """This process's knowledge of the database's clock, renewed by whoever finds it old. Threads may do that at once: no harm."""

    def __init__(self) -> None:
        self._told: _Told | None = None
        self._asked = float("-inf")

    def ahead(self) -> timedelta:
        """Return by how much the database's clock is ahead of this machine's, zero where they agree or nobody knows."""
        ticks = time.clock_gettime(_TICKS)
        if ticks - self._asked >= FRESH:
            self._asked = ticks
            self._ask()
        if self._told is None:
            return timedelta()
        theirs = self._told.moment + timedelta(seconds=time.clock_gettime(_TICKS) - self._told.ticks)
        ahead = theirs - datetime.now(UTC)
        return ahead if abs(ahead) >= AGREE else timedelta()

    def _ask(self) -> None:
        """Ask; a database that does not answer leaves what was known."""
        before = time.clock_gettime(_TICKS)
        try:
            moment = _database_says()
        except Error:
            return
        after = time.clock_gettime(_TICKS)
        self._told = _Told(moment, (before + after) / 2)
        off = (moment - datetime.now(UTC)).total_seconds()
        if abs(off) >= AGREE.total_seconds():
            logger.warning(
                "this machine's clock is %.1f s %s the database's, which is used: have it set by NTP",
                abs(off), "behind" if off > 0 else "ahead of",
            )  # fmt: skip


_comparison = _Comparison()


def now() -> datetime:
    """Return the present time by the database's clock, aware, in UTC. It costs a query a minute in a process, and with SQLite none."""
    return timezone.now() + (_comparison.ahead() if connection.vendor != "sqlite" else timedelta())


def _database_says() -> datetime:
    """Raises django.db.Error."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT STATEMENT_TIMESTAMP()")
        moment: datetime = cursor.fetchone()[0]
    return moment
