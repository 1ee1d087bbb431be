"""Brings about what an operator asked for: a page goes, or comes back. It runs in a worker process, or in a command."""

from __future__ import annotations

import logging
from datetime import timedelta

from engine.domain.repository import Reach
from engine.errors import EngineError, OutOfService, Transient
from tasks_app import wiring
from tasks_app.operations import clock
from tasks_app.operations.takedowns import repository_of, takedown_claim, takedown_done, takedown_failed

logger = logging.getLogger(__name__)

#: Seconds until the next try after a passing failure.
AGAIN = 15.0


def take_down_due(pk: int | None = None) -> bool:
    """Do one takedown that is due, or `pk`; say whether there was one. The forge's refusals are in the row."""
    found = takedown_claim(pk)
    if found is None:
        return False
    repository, reach = repository_of(found), Reach(found.reach)
    try:
        if found.undo_at:
            wiring.forge().put_back(repository, reach)
        else:
            wiring.forge().take_down(repository, reach)
    except EngineError as error:
        logger.warning("takedown of %s: %s", found, error)
        passing = isinstance(error, Transient) and not isinstance(error, OutOfService)
        seconds = max(getattr(error, "retry_after", None) or AGAIN, 1.0)
        takedown_failed(found, error=error.message, at=clock.now() + timedelta(seconds=seconds) if passing else None)
    else:
        takedown_done(found)
    return True
