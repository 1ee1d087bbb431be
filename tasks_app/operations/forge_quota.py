"""The forge's limits, kept by all processes together as rows: a ledger of write slots, and a gate that GitHub's refusals close.

Nobody sleeps here. A write whose slot is not due is sent away with the time of its slot, which stays its own for a while.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from engine.adapters.github import write_pace
from engine.domain.repository import Limits
from engine.errors import RateLimited
from tasks_app.models import ForgeQuota, ForgeWrite
from tasks_app.operations import clock
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    from datetime import datetime

#: A slot that nobody came for by then is free again.
UNCLAIMED = timedelta(seconds=60)
#: Written down again where so much of the limit went, or so much time passed.
CHANGED = 0.01
SPARING = timedelta(seconds=5)
#: Seconds for a refusal that names no time: at first, and at most. Each further one doubles it; a quiet hour begins anew.
#: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
UNNAMED = 60.0
LONGEST = 3600.0
QUIET = timedelta(hours=1)


class RowsQuota:
    """The Quota of every process that shares this database. Thread-safe."""

    def __init__(self) -> None:
        self._seen: tuple[datetime, Limits] | None = None
        self._lock = threading.Lock()

    def take_write(self, key: str) -> None:
        """Let one write go now. Raises RateLimited where its slot is later, what `check_limit` raises while the gate is closed."""
        self.check_limit()
        if not settings.GITHUB_PACED:
            return
        # Whoever has the row is alone with the ledger: SQLite's IMMEDIATE transactions are alone anyway.
        with transaction.atomic():
            ForgeQuota.objects.get_or_create(pk=1)
            ForgeQuota.objects.select_for_update().get(pk=1)
            due = _slot(key[:300], clock.now())
        if due:
            seconds = max((due - clock.now()).total_seconds(), 0.05)
            raise RateLimited(
                "forge_pace", f"GitHub is written to at its pace; the turn of this comes in {seconds:.1f} s.", seconds
            )

    def check_limit(self) -> None:
        """Raises RateLimited or OutOfService while GitHub wants no requests."""
        now = clock.now()
        row = ForgeQuota.objects.filter(pk=1, blocked_until__gt=now).first()
        if row and row.blocked_until:
            raise write_pace.limit_reached((row.blocked_until - now).total_seconds(), row.blocked_reason, now=now)

    def record_limits(self, limits: Limits) -> None:
        """Remember what an answer said, written down sparingly; nothing left closes the gate until the reset."""
        now = clock.now()
        if not self._is_news(limits, now):
            return
        said: dict[str, object] = {
            "limit": limits.limit,
            "remaining": limits.remaining,
            "reset_at": limits.reset,
            "seen_at": now,
        }
        if limits.remaining <= 0 and limits.reset > now:
            said |= {"blocked_until": limits.reset, "blocked_reason": "the hour's calls are spent"}
        ForgeQuota.objects.update_or_create(pk=1, defaults=said)

    def block_requests(self, seconds: float | None, reason: str) -> float:
        """Close the gate for the time that GitHub named, or for a time that doubles; return the seconds until it opens. Never shortens."""
        now = clock.now()
        with transaction.atomic():
            ForgeQuota.objects.get_or_create(pk=1)
            row = ForgeQuota.objects.select_for_update().get(pk=1)
            strikes = row.strikes if row.struck_at and row.struck_at > now - QUIET else 0
            wait = min(UNNAMED * 2**strikes, LONGEST) if seconds is None else seconds
            until = max(now + timedelta(seconds=wait), row.blocked_until or now)
            row.strikes, row.struck_at = (
                (min(strikes + 1, 10), now) if seconds is None else (row.strikes, row.struck_at)
            )
            row.blocked_until, row.blocked_reason = until, keepable(reason)[:500]
            row.save(update_fields=["strikes", "struck_at", "blocked_until", "blocked_reason"])
        return (until - now).total_seconds()

    def _is_news(self, limits: Limits, now: datetime) -> bool:
        with self._lock:
            if self._seen and limits.remaining > 0:
                at, before = self._seen
                moved = abs(before.remaining - limits.remaining) >= CHANGED * max(limits.limit, 1)
                if not moved and before.limit == limits.limit and now - at < SPARING:
                    return False
            self._seen = now, limits
            return True


def quota_state() -> ForgeQuota | None:
    """Return what is known of the forge's limits; None where nothing was seen yet."""
    return ForgeQuota.objects.filter(pk=1).first()


def quota_limits() -> Limits | None:
    """Return what the forge last said of its hour's calls; None where it said nothing."""
    row = quota_state()
    if row is None or row.limit is None or row.remaining is None or row.reset_at is None:
        return None
    return Limits(row.limit, row.remaining, row.reset_at)


def requests_unblock() -> None:
    """A new start may bring another token: a gate that would stay closed for long is tried anew. A short wait is kept."""
    far = clock.now() + timedelta(seconds=write_pace.SHORT_WAIT)
    ForgeQuota.objects.filter(pk=1, blocked_until__gt=far).update(blocked_until=None, blocked_reason="")


def _slot(key: str, now: datetime) -> datetime | None:
    """Use the key's slot now, and return None, or say when it is due; a key without one gets the next."""
    ForgeWrite.objects.filter(
        Q(used_at=None, due_at__lt=now - UNCLAIMED) | Q(used_at__lt=now - timedelta(hours=2))
    ).delete()
    newest = ForgeWrite.objects.exclude(used_at=None).order_by("-used_at").values_list("used_at", flat=True)
    used = sorted(moment for moment in newest[: write_pace.KNOWN] if moment)
    mine = ForgeWrite.objects.filter(key=key, used_at=None).first()
    if mine and mine.due_at > now:
        return mine.due_at
    if mine:
        return _use(mine, write_pace.earliest(used, now), now)
    others = list(ForgeWrite.objects.filter(used_at=None).values_list("due_at", flat=True))
    due = write_pace.earliest(sorted([*used, *others])[-write_pace.KNOWN :], now)
    return _use(ForgeWrite(key=key), due, now)


def _use(write: ForgeWrite, allowed: datetime, now: datetime) -> datetime | None:
    """Use a slot where that is allowed now, else put it off: others came late for theirs."""
    write.due_at, write.used_at = allowed, (now if allowed <= now else None)
    write.save()
    return None if write.used_at else allowed
