"""Drives one round through its steps while it has something to do. It runs in a worker process."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.checks.decision import Purpose
from engine.domain import backoff
from engine.domain.lifecycle import NEEDS, Step
from engine.errors import EngineError, LeaseLost, OutOfService, Permanent, RateLimited, Transient
from engine.steps.contracts import (
    Delivered,
    Deployed,
    Generated,
    Published,
    RepairFailed,
    RepairSkipped,
    RunFailed,
    Verified,
    Wait,
)
from engine.steps.deploy import deploy
from engine.steps.generate import generate
from engine.steps.notify import notify
from engine.steps.publish import publish
from engine.steps.repair import repair
from engine.steps.verify import verify
from tasks_app import wiring
from tasks_app.logs import log_ids
from tasks_app.models import Breaker, Round
from tasks_app.operations import clock
from tasks_app.operations.breakers import NOT_PUBLISHABLE, OUT_OF_SERVICE, breaker_of, breaker_trip, breakers_open
from tasks_app.operations.connections import AWAY, connection_heal
from tasks_app.operations.takedowns import takedown_of, takedown_sentence
from tasks_app.operations.workers import is_stopping, worker_beat, worker_name
from tasks_app.rounds import transitions
from tasks_app.rounds.journal import DatabaseJournal
from tasks_app.rounds.load import round_give_time, round_reduce_budget
from tasks_app.worker import step_inputs
from tasks_app.worker.heartbeat import Heartbeat, end_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from engine.ports import Ports
    from tasks_app.rounds.leases import Lease

logger = logging.getLogger(__name__)

#: The crashes in a row (claims without a release) after which a step is rescued, or the round fails.
MAX_CRASHES = 5

#: Steps that are then done without their risky part (a model's reply, a page, a look at Pages), MAX_RESCUES times.
RESCUED = frozenset({Step.GENERATE, Step.VERIFY, Step.DEPLOY})
MAX_RESCUES = 2

#: How long a round waits between checks of a breaker that is still open after its step's share.
HELD = timedelta(seconds=60)

#: Purposes that improve a page that exists: if they fail, that page is published.
TRIES = frozenset({Purpose.REPAIR, Purpose.RESAMPLE})

#: Steps that continue with the best tree at the end of their share, even with an open breaker.
GOES_ON = frozenset({Step.GENERATE, Step.DEPLOY})

Outcome = Generated | RepairFailed | RepairSkipped | Verified | Published | Deployed | RunFailed | Delivered | Wait


def drive(
    lease: Lease,
    *,
    may_go_on: Callable[[Step], bool] = lambda _step: True,
    overrun: Callable[[], None] = end_process,
) -> None:
    """Take a round's steps until it waits, ends or loses its lease, or until the supervisor stops.

    Where `may_go_on` forbids the next step, the round is released and due for whoever may take it. `overrun` is called
    in another thread once a step is past its budget: its lease is not renewed again then.
    """
    try:
        while _step(lease, overrun):
            row = Round.objects.only("step").get(pk=lease.round_id)
            if is_stopping() or not may_go_on(Step(row.step)):
                transitions.round_release(lease=lease, row=row)
                break
    except LeaseLost:
        logger.warning("round %s: another process drives it by now; nothing more is done here", lease.round_id)
    except AWAY as error:
        _wait_for_database(lease, error)
    finally:
        worker_beat(worker=worker_name())


def _wait_for_database(lease: Lease, error: Exception) -> None:
    """Release a round whose step lost the database, once the database is back. It is no crash and no failure."""
    logger.warning("round %s: the database was away: %s", lease.round_id, error)
    connection_heal()
    row = Round.objects.defer("request").get(pk=lease.round_id)
    outage = Transient("database_away", "The database was away for a moment.")
    with suppress(LeaseLost):
        transitions.round_wait(lease=lease, row=row, wait=_retry_wait(row, outage, clock.now()))


def _step(lease: Lease, overrun: Callable[[], None]) -> bool:
    """Take one step; say whether the lease still holds and there is more to do."""
    row = Round.objects.defer("request").get(pk=lease.round_id)
    with log_ids(request=row.request_id, round=row.pk, task=row.task_name, step=row.step):
        return _take_step(lease, row, overrun)


def _take_step(lease: Lease, row: Round, overrun: Callable[[], None]) -> bool:
    crashed = ""
    if row.crashes >= MAX_CRASHES:
        crashed = f"{row.crashes} workers in a row ended in the middle of {row.step}; the log of that time tells more."
        if row.decision in TRIES:
            return _record(lease, row, RepairSkipped(f"the {row.decision} was given up: {crashed}"))
        if row.step not in RESCUED or row.crashes >= MAX_CRASHES + MAX_RESCUES:
            transitions.round_fail(lease=lease, row=row, code="crashed", message=crashed)
            return False
    _begin(lease, row)
    worker_beat(worker=worker_name(), row=row)
    started = time.monotonic()
    logger.info("round %s: %s begins (task %s, round %s, run %s)", row.pk, row.step, row.task_name, row.number, row.run)
    try:
        with Heartbeat(lease, seconds=_step_seconds(row), overrun=overrun) as heartbeat:
            more = _run_step(lease, row, heartbeat, crashed)
    except (LeaseLost, *AWAY):
        raise
    except EngineError as error:
        more = _record_error(lease, row, error)
    except Exception as error:
        # The only broad catch: an error of our own counts as a crash, is recorded, and does not end the worker.
        logger.exception("round %s: %s failed by an error of our own", row.pk, row.step)
        message = f"An error of our own at {row.step}: {type(error).__name__}: {error}"
        transitions.crash_record(lease=lease, row=row, message=message, delay=backoff.transient_delay(row.crashes + 1))
        more = False
    logger.info("round %s: %s took %.1f s", row.pk, row.step, time.monotonic() - started)
    return more


def _begin(lease: Lease, row: Round) -> None:
    reason = f"{OUT_OF_SERVICE}{NOT_PUBLISHABLE}"
    waited = row.step_runs.filter(step=row.step, ended_at=None, detail__startswith=reason).exists()
    if transitions.step_begin(lease=lease, row=row):
        round_reduce_budget(lease=lease, row=row)
    elif waited and not _forge_to_mend(row):
        round_give_time(lease=lease, row=row)


def _step_seconds(row: Round) -> float:
    return step_inputs.budget_of(row).step_seconds(Step(row.step), clock.now())


def _run_step(lease: Lease, row: Round, heartbeat: Heartbeat, crashed: str) -> bool:
    breaker = breaker_of(Step(row.step))
    overdue = row.share_ends_at <= clock.now()
    if (forge_breaker := _forge_to_mend(row)) and not breaker:
        _hold(lease, row, f"{NOT_PUBLISHABLE}{forge_breaker.reason}", kind=forge_breaker.kind)
        return False
    if breaker and row.decision in TRIES:
        return _record(lease, row, RepairSkipped(f"the {row.decision} was given up: {breaker.reason}"))
    if breaker and not row.decision and not (overdue and row.step in GOES_ON):
        _hold(lease, row, breaker.reason, kind=breaker.kind)
        return False
    takedown = takedown_of(row) if row.step in {Step.PUBLISH, Step.DEPLOY} else None
    if takedown and row.step == Step.PUBLISH:
        # Publishing would put the page back, so the round waits for an operator.
        why = takedown_sentence(takedown, public=True)
        transitions.round_wait(lease=lease, row=row, wait=Wait(clock.now() + HELD, why, needs_attention=True))
        return False
    if takedown:
        return _record(lease, row, Deployed(False, takedown_sentence(takedown, public=True)))
    if breaker and row.step == Step.DEPLOY:
        return _record(lease, row, _not_seen_live(breaker.reason))
    if crashed and row.step == Step.DEPLOY:
        return _record(lease, row, _not_seen_live(crashed))
    journal = DatabaseJournal(lease, row.run, call_begins=lambda: heartbeat.allow(_step_seconds(row)))
    heartbeat.at_each_beat(journal.chunks_keep)
    ports = wiring.ports(journal)
    outcome = _run(row, ports, breaker.reason if breaker else "", crashed)
    return _record(lease, row, outcome)


def _forge_to_mend(row: Round) -> Breaker | None:
    """Return the forge's breaker if only a person can close it and the round has no page yet: none is written then."""
    forge = breakers_open().get("forge") if row.step == Step.GENERATE and not row.decision else None
    return forge if forge and forge.until is None else None


def _run(row: Round, ports: Ports, blocked: str, crashed: str) -> Outcome:
    match Step(row.step):
        case Step.GENERATE if row.decision == Purpose.REPAIR:
            return repair(step_inputs.repair_input(row), ports)
        case Step.GENERATE:
            return generate(step_inputs.generate_input(row, model_blocked=blocked, given_up=crashed), ports)
        case Step.VERIFY:
            judging = "model" not in breakers_open() and not crashed
            return verify(step_inputs.verify_input(row, judging=judging, unchecked=crashed), ports)
        case Step.PUBLISH:
            return publish(step_inputs.publish_input(row), ports)
        case Step.DEPLOY:
            return deploy(step_inputs.deploy_input(row), ports)
        case Step.NOTIFY:
            return notify(step_inputs.notify_input(row), ports)


def _record(lease: Lease, row: Round, outcome: Outcome) -> bool:
    connection_heal()
    match outcome:
        case Generated():
            transitions.generated_record(lease=lease, row=row, outcome=outcome)
        case RepairFailed() | RepairSkipped():
            transitions.no_result_record(lease=lease, row=row, outcome=outcome)
        case Verified():
            transitions.verified_record(lease=lease, row=row, outcome=outcome)
        case Published():
            transitions.published_record(lease=lease, row=row, outcome=outcome)
        case Deployed() | RunFailed():
            transitions.deployed_record(lease=lease, row=row, outcome=outcome)
        case Delivered(detail=detail):
            transitions.delivered_record(lease=lease, row=row, detail=detail)
        case Wait():
            transitions.round_wait(lease=lease, row=row, wait=outcome)
    return not isinstance(outcome, Wait | Delivered)


def _record_error(lease: Lease, row: Round, error: EngineError) -> bool:
    """End the step as its error demands: wait, wait for a breaker, or fail."""
    logger.log(
        logging.INFO if isinstance(error, RateLimited) else logging.WARNING, "round %s: %s: %s", row.pk, row.step, error
    )
    now = clock.now()
    overdue = now >= row.share_ends_at
    if isinstance(error, OutOfService):
        breaker_trip(error=error)
    match error:
        case _ if row.decision in TRIES:
            return _record(lease, row, RepairSkipped(f"the {row.decision} was given up: {error.message}"))
        case Transient() if row.step == Step.DEPLOY and overdue:
            return _record(lease, row, _not_seen_live(error.message))
        case OutOfService():
            _hold(lease, row, error.message, kind=error.kind)
        case Transient():
            transitions.round_wait(lease=lease, row=row, wait=_retry_wait(row, error, now))
        case Permanent():
            transitions.round_fail(lease=lease, row=row, code=error.code, message=error.message)
        case _:
            raise error
    return False


def _retry_wait(row: Round, error: Transient, now: datetime) -> Wait:
    """Return when to try again: at a rate limit's known time, which is no failure, else after a growing back-off."""
    paced = isinstance(error, RateLimited)
    delay = 0.0 if paced else backoff.transient_delay(row.failures + 1)
    until = now + timedelta(seconds=max(error.retry_after or 0.0, delay))
    return Wait(until, error.message, needs_attention=not paced and now >= row.share_ends_at, failed=not paced)


def _not_seen_live(reason: str) -> Deployed:
    """Return the outcome of a commit that could not be polled in time: the evaluator is notified anyway."""
    return Deployed(False, f"Not proven live in time: {reason}", watch=True)


def _hold(lease: Lease, row: Round, reason: str, *, kind: str) -> None:
    """Release a round whose step needs a service that is out of service.

    If the service is the one that the step always needs, the dispatcher leaves the round out until the step's share
    ends. Otherwise the round is due again after HELD. After the share's end it needs attention.
    """
    now = clock.now()
    overdue = now >= row.share_ends_at
    is_step_service = kind in NEEDS.get(Step(row.step), ())
    until = now if is_step_service and (row.step == Step.GENERATE or not overdue) else now + HELD
    transitions.round_wait(lease=lease, row=row, wait=Wait(until, f"{OUT_OF_SERVICE}{reason}", needs_attention=overdue))
