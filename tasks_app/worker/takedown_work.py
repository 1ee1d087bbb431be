"""Brings about what an operator asked for: a page goes, or comes back. It runs in a worker process, or in a command."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from engine.domain.repository import Reach
from engine.errors import EngineError, OutOfService, Transient
from tasks_app import wiring
from tasks_app.operations import clock
from tasks_app.operations.takedowns import repository_of, takedown_claim, takedown_done, takedown_failed
from tasks_app.rounds.liveness_watches import page_back, page_down
from tasks_app.rounds.schedule import publish_now

if TYPE_CHECKING:
    from datetime import datetime

    from tasks_app.models import Takedown

logger = logging.getLogger(__name__)

#: Seconds until the next try after a passing failure, and after a refusal that only another token or account ends.
AGAIN = 15.0
AGAIN_OUT_OF_SERVICE = 60.0


def take_down_due(pk: int | None = None) -> bool:
    """Do one takedown that is due, or `pk`; say whether there was one. The forge's refusals are in the row."""
    takedown = takedown_claim(pk)
    if takedown is None:
        return False
    repository, reach = repository_of(takedown), Reach(takedown.reach)
    try:
        if takedown.undo_at:
            wiring.forge().put_back(repository, reach)
        else:
            wiring.forge().take_down(repository, reach)
    except EngineError as error:
        logger.warning("takedown of %s: %s", takedown, error)
        if takedown.undo_at and error.code == "repository_gone":
            _record(takedown, gone=error.message)
        else:
            takedown_failed(takedown, error=error.message, at=_next_try(error))
    else:
        _record(takedown)
    return True


def _record(takedown: Takedown, gone: str = "") -> None:
    """Record what the forge has done in the takedown and in the rounds that it concerns."""
    with transaction.atomic():
        if not takedown_done(takedown, gone=gone):
            return
        if takedown.back_at is None:
            page_down(takedown)
            return
        if not gone:
            page_back(takedown)
        publish_now(takedown)


def _next_try(error: EngineError) -> datetime | None:
    """Return when to try again; None if only an operator can help."""
    now = clock.now()
    match error:
        case OutOfService():
            soonest = now + timedelta(seconds=1)
            return max(error.until, soonest) if error.until else now + timedelta(seconds=AGAIN_OUT_OF_SERVICE)
        case Transient():
            return now + timedelta(seconds=max(error.retry_after or AGAIN, 1.0))
        case _:
            return None
