"""Takes one look at a watched page: its callback was sent before it was live. It runs in a worker process."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.domain.backoff import watch_delay
from engine.errors import EngineError, LeaseLost, OutOfService
from engine.steps.deploy import allowance
from engine.steps.liveness import LivenessResult, check_liveness
from tasks_app import wiring
from tasks_app.models import Round
from tasks_app.operations import clock
from tasks_app.operations.breakers import breaker_trip
from tasks_app.operations.forge_quota import quota_limits
from tasks_app.rounds import liveness_watches
from tasks_app.rounds.journal import LivenessJournal
from tasks_app.worker import step_inputs

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

logger = logging.getLogger(__name__)


def look_again(*, workers: int) -> None:
    """Take a look that is due, if any; mark the page as live, or schedule the next look, or end the watch."""
    claimed = liveness_watches.look_claim(workers=workers)
    if claimed is None:
        return
    round_id, token = claimed
    row = Round.objects.defer("request").get(pk=round_id)
    try:
        result = _look(row, token)
    except LeaseLost:
        logger.info("round %s: its watch was ended meanwhile", round_id)
        return
    logger.info("round %s: looked for after its callback: %s", round_id, "live" if result.live else result.reason)
    now = clock.now()
    if result.live:
        liveness_watches.watch_live(row=row, token=token)
    elif result.final or row.watch_until is None or now >= row.watch_until:
        liveness_watches.watch_end(round_id=row.pk, token=token, text=result.reason)
    else:
        liveness_watches.watch_again(round_id=row.pk, token=token, at=min(_next(row, result, now), row.watch_until))


def _look(row: Round, token: UUID) -> LivenessResult:
    """Raises LeaseLost."""
    try:
        return check_liveness(step_inputs.awaited(row), wiring.ports(LivenessJournal(row.pk, row.run, token)))
    except LeaseLost:
        raise
    except EngineError as error:
        if isinstance(error, OutOfService):
            breaker_trip(error=error)
        return LivenessResult(reason=error.message, pause=60.0)


def _next(row: Round, result: LivenessResult, now: datetime) -> datetime:
    since = (now - row.published_at).total_seconds() if row.published_at else 0.0
    pause = watch_delay(since, waiting=liveness_watches.rounds_looking(), allowance=allowance(quota_limits(), now))
    return now + timedelta(seconds=max(pause, result.pause))
