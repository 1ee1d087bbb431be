"""Finds rounds as an operator at a terminal names them: by the beginning of an id, by state, by a part of the task's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

from tasks_app.models import Round
from tasks_app.reports.display import short

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIGITS = 32  # of a UUID, without its hyphens


class NoSuchRoundError(Exception):
    """No round, or more than one, has such an id; the message is one line for a person."""


def round_named(beginning: str) -> Round:
    """Return the one round whose id begins so, hyphens or not. Raises NoSuchRoundError."""
    digits = beginning.replace("-", "").lower()
    if not re.fullmatch(f"[0-9a-f]{{1,{_DIGITS}}}", digits):
        raise NoSuchRoundError(f"{short(beginning, 40)!r} is not the beginning of a round's id")
    # A range and no text comparison: the same on a database that knows UUIDs and on one that keeps them as text.
    first, last = UUID(digits.ljust(_DIGITS, "0")), UUID(digits.ljust(_DIGITS, "f"))
    found = list(Round.objects.defer("request").filter(pk__gte=first, pk__lte=last).order_by("pk")[:4])
    if not found:
        raise NoSuchRoundError(f"no round's id begins with {digits}")
    if len(found) > 1:
        some = ", ".join(str(row.pk) for row in found[:3]) + (", …" if len(found) > 3 else "")
        raise NoSuchRoundError(f"more than one round's id begins with {digits}: {some}")
    return found[0]


def newest_rounds(*, state: str | None, task: str | None, limit: int) -> Sequence[Round]:
    """Return at most `limit` rounds, the newest first, in `state` and with `task` in the task's name where those are given."""
    rows = Round.objects.defer("request", "brief", "checks")
    if state:
        rows = rows.filter(state=state)
    if task:
        rows = rows.filter(task_name__icontains=task)
    return list(rows.order_by("-created_at", "-pk")[:limit])
