"""Simulates the death of a process that drives a round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.driving import drive
from tests.factories import let_go

if TYPE_CHECKING:
    from tasks_app.models import Round


class Killed(BaseException):
    """The end of a process: nothing of ours catches it."""


def die(row: Round) -> None:
    """Drive until the planned death, then let the lease run out."""
    with pytest.raises(Killed):
        drive(str(row.pk))
    let_go(row)
