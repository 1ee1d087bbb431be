"""Finds rounds by what an operator types: the beginning of an id, a state, a part of a task's name."""

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
    """Return the only round whose id has this beginning, with or without hyphens. Raises NoSuchRoundError."""
    digits = beginning.replace("-", "").lower()
    if not re.fullmatch(f"[0-9a-f]{{1,{_DIGITS}}}", digits):
        raise NoSuchRoundError(f"{short(beginning, 40)!r} is not the beginning of a round's id")
    # A range instead of a text comparison: it also works on a database with a UUID type.
    first, last = UUID(digits.ljust(_DIGITS, "0")), UUID(digits.ljust(_DIGITS, "f"))
    rows = list(Round.objects.defer("request").filter(pk__gte=first, pk__lte=last).order_by("pk")[:4])
    if not rows:
        raise NoSuchRoundError(f"no round's id begins with {digits}")
    if len(rows) > 1:
        some = ", ".join(str(row.pk) for row in rows[:3]) + (", …" if len(rows) > 3 else "")
        raise NoSuchRoundError(f"more than one round's id begins with {digits}: {some}")
    return rows[0]


def newest_rounds(*, state: str | None, task: str | None, limit: int) -> Sequence[Round]:
    """Return at most `limit` rounds, the newest first, if given in `state` and with `task` in the task's name."""
    rows = Round.objects.defer("request", "brief", "checks")
    if state:
        rows = rows.filter(state=state)
    if task:
        rows = rows.filter(task_name__icontains=task)
    return list(rows.order_by("-created_at", "-pk")[:limit])
