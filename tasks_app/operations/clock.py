"""The clock that all machines share: the database's.

A machine whose own clock is wrong by minutes would steal leases, lose its own, and compute deadlines that no other
machine sees. So each process asks PostgreSQL for its time now and then, and counts on from there by a clock that
nobody sets. Where both clocks differ by less than AGREE, the machine's own clock counts. With SQLite it always does:
SQLite has no clock, and all of its processes run on one machine.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import Error, connection
from django.utils import timezone

logger = logging.getLogger(__name__)

#: Machines with NTP differ by less than this; a lease is sixty times as long.
AGREE = timedelta(seconds=1)
#: Seconds after which a process asks the database for its time again.
FRESH = 60.0

#: This clock counts on while a machine sleeps, and does not jump when somebody sets the time.
_TICKS = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True)
class _Sample:
    """The database's time, and the ticks of this machine's clock at that moment."""

    moment: datetime
    ticks: float


class DatabaseClock:
    """The engine's Clock over `now`."""

    def now(self) -> datetime:
        return now()


class _Comparison:
    """The latest comparison of both clocks. Threads may renew it at the same time without harm."""

    def __init__(self) -> None:
        self._sample: _Sample | None = None
        self._sampled_at = float("-inf")

    def ahead(self) -> timedelta:
        """Return how far the database's clock is ahead of this machine's; zero if they agree, or without a sample."""
        ticks = time.clock_gettime(_TICKS)
        if ticks - self._sampled_at >= FRESH:
            self._sampled_at = ticks
            self._sample_clock()
        if self._sample is None:
            return timedelta()
        database_now = self._sample.moment + timedelta(seconds=time.clock_gettime(_TICKS) - self._sample.ticks)
        ahead = database_now - datetime.now(UTC)
        return ahead if abs(ahead) >= AGREE else timedelta()

    def _sample_clock(self) -> None:
        """Ask the database for its time. If it does not answer, the last sample stays."""
        before = time.clock_gettime(_TICKS)
        try:
            moment = _database_time()
        except Error:
            return
        after = time.clock_gettime(_TICKS)
        self._sample = _Sample(moment, (before + after) / 2)
        off = (moment - datetime.now(UTC)).total_seconds()
        if abs(off) >= AGREE.total_seconds():
            logger.warning(
                "this machine's clock is %.1f s %s the database's, which is used: have it set by NTP",
                abs(off), "behind" if off > 0 else "ahead of",
            )  # fmt: skip


_comparison = _Comparison()


def now() -> datetime:
    """Return the present time by the database's clock, aware, in UTC. It costs a process one query a minute."""
    return timezone.now() + (_comparison.ahead() if connection.vendor != "sqlite" else timedelta())


def _database_time() -> datetime:
    """Raises django.db.Error."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT STATEMENT_TIMESTAMP()")
        moment: datetime = cursor.fetchone()[0]
    return moment
