"""The forge's limits, shared by all processes as rows: a ledger of write slots, and a gate that refusals close.

No function here sleeps. A write that comes before its slot gets an error that names the slot's time; the slot stays
reserved for that write for UNCLAIMED.
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

#: A reserved slot that was not used by then is free again.
UNCLAIMED = timedelta(seconds=60)
#: The limits are stored again after a change by this part of the limit, or after SPARING.
CHANGED = 0.01
SPARING = timedelta(seconds=5)
#: The pause after a refusal that names no time, in seconds: each further refusal doubles it, from UNNAMED to LONGEST.
#: After QUIET without a refusal it starts from UNNAMED again.
#: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
UNNAMED = 60.0
LONGEST = 3600.0
QUIET = timedelta(hours=1)


class RowsQuota:
    """The Quota of every process that shares this database. Thread-safe."""

    def __init__(self) -> None:
        self._latest: tuple[datetime, Limits] | None = None
        self._lock = threading.Lock()

    def take_write(self, key: str) -> None:
        """Let a write through. Raises RateLimited before its slot, and the errors of `check_limit`."""
        self.check_limit()
        if not settings.GITHUB_PACED:
            return
        # The lock on this row serializes the ledger; SQLite's IMMEDIATE transactions are serial anyway.
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
        """Raises RateLimited or OutOfService while the gate is closed."""
        now = clock.now()
        row = ForgeQuota.objects.filter(pk=1, blocked_until__gt=now).first()
        if row and row.blocked_until:
            raise write_pace.limit_reached((row.blocked_until - now).total_seconds(), row.blocked_reason, now=now)

    def record_limits(self, limits: Limits) -> None:
        """Store the limits of an answer, if they changed enough. If no calls remain, close the gate until the reset."""
        now = clock.now()
        if not self._is_news(limits, now):
            return
        columns: dict[str, object] = {
            "limit": limits.limit,
            "remaining": limits.remaining,
            "reset_at": limits.reset,
            "seen_at": now,
        }
        if limits.remaining <= 0 and limits.reset > now:
            columns |= {"blocked_until": limits.reset, "blocked_reason": "the hour's calls are spent"}
        ForgeQuota.objects.update_or_create(pk=1, defaults=columns)

    def block_requests(self, seconds: float | None, reason: str) -> float:
        """Close the gate for `seconds`, or for a doubling pause; return the seconds until it opens."""
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
            if self._latest and limits.remaining > 0:
                at, before = self._latest
                has_changed = abs(before.remaining - limits.remaining) >= CHANGED * max(limits.limit, 1)
                if not has_changed and before.limit == limits.limit and now - at < SPARING:
                    return False
            self._latest = now, limits
            return True


def quota_state() -> ForgeQuota | None:
    """Return the stored limits of the forge, None before the first answer."""
    return ForgeQuota.objects.filter(pk=1).first()


def quota_limits() -> Limits | None:
    """Return the forge's hourly limit as its last answer named it, None if no answer did."""
    row = quota_state()
    if row is None or row.limit is None or row.remaining is None or row.reset_at is None:
        return None
    return Limits(row.limit, row.remaining, row.reset_at)


def requests_unblock() -> None:
    """Open a gate that would stay closed for long: a new start may bring another token. A short pause stays."""
    far = clock.now() + timedelta(seconds=write_pace.SHORT_WAIT)
    ForgeQuota.objects.filter(pk=1, blocked_until__gt=far).update(blocked_until=None, blocked_reason="")


def _slot(key: str, now: datetime) -> datetime | None:
    """Use the key's slot now and return None, or return when it is due. A key without a slot gets the next one."""
    ForgeWrite.objects.filter(
        Q(used_at=None, due_at__lt=now - UNCLAIMED) | Q(used_at__lt=now - timedelta(hours=2))
    ).delete()
    newest = ForgeWrite.objects.exclude(used_at=None).order_by("-used_at").values_list("used_at", flat=True)
    used = sorted(moment for moment in newest[: write_pace.KNOWN] if moment)
    own_write = ForgeWrite.objects.filter(key=key, used_at=None).first()
    if own_write and own_write.due_at > now:
        return own_write.due_at
    if own_write:
        return _use(own_write, write_pace.earliest(used, now), now)
    others = list(ForgeWrite.objects.filter(used_at=None).values_list("due_at", flat=True))
    due = write_pace.earliest(sorted([*used, *others])[-write_pace.KNOWN :], now)
    return _use(ForgeWrite(key=key), due, now)


def _use(write: ForgeWrite, allowed: datetime, now: datetime) -> datetime | None:
    """Use a slot if that is allowed now, else postpone it: writes that used their slots late have delayed it."""
    write.due_at, write.used_at = allowed, (now if allowed <= now else None)
    write.save()
    return None if write.used_at else allowed
