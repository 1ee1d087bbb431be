"""Transitions of a round: each is one transaction whose UPDATE is conditional on the lease's token and the step."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from engine.checks.decision import Next
from engine.domain.budget import Budget
from engine.domain.checks import Kind, Target, Verdict
from engine.domain.lifecycle import State, Step, may_follow
from engine.errors import LeaseLost
from engine.steps.contracts import RepairFailed, RunFailed
from tasks_app.models import CheckResult, Commit, Event, Round, SourceFile, StepRun, Task
from tasks_app.operations import clock
from tasks_app.operations.takedowns import takedown_of
from tasks_app.redaction import keepable
from tasks_app.rounds.attempt_rows import file_row, result_row
from tasks_app.rounds.interruptions import interruptions_record
from tasks_app.rounds.liveness_watches import UNWATCHED, watch_begun

if TYPE_CHECKING:
    from engine.domain.repository import Repository
    from engine.steps.contracts import Deployed, Generated, Published, RepairSkipped, Verified, Wait
    from tasks_app.rounds.leases import Lease

#: The first position of the gates' and the build script's results: they are known before the others.
GATES_FROM = 1001

#: The most characters of a step's detail and of what a round waits for. It holds the whole message of a forge.
LONGEST_DETAIL = 8_000

#: The steps that call a model or the evaluator.
_CALLS = frozenset({Step.GENERATE, Step.VERIFY, Step.NOTIFY})

_UNDECIDED: dict[str, object] = {"decision": "", "decision_attempt": None, "decision_reason": ""}


def step_begin(*, lease: Lease, row: Round) -> bool:
    """Open the step's StepRun or count another claim of it; say whether it starts a page. Raises LeaseLost."""
    now, first = clock.now(), False
    with transaction.atomic():
        _update(lease, row.step, waiting_on="")
        if row.step in _CALLS:
            interruptions_record(round_id=row.pk)
        if not StepRun.objects.filter(round=row, step=row.step, run=row.run, ended_at=None).update(
            claims=F("claims") + 1, detail=""
        ):
            # A retry left an open StepRun of another run or step.
            StepRun.objects.filter(round=row, ended_at=None).update(ended_at=now, outcome="failed")
            first = row.step == Step.GENERATE and not StepRun.objects.filter(round=row, run=row.run).exists()
            StepRun.objects.create(round=row, run=row.run, step=row.step, started_at=now)
        if row.task_id is None:
            task, _ = Task.objects.get_or_create(
                key=row.task_key, defaults={"email": row.email, "name": row.task_name, "created_at": row.created_at}
            )
            _update(lease, row.step, task=task)
    return first


def reduced_budget_record(*, lease: Lease, row: Round, until: datetime, warning: str) -> None:
    """Store the round's reduced time for its page and a warning that says why. Raises LeaseLost."""
    row.reduced_until, row.warnings = until, [*row.warnings, warning]
    _update(lease, row.step, reduced_until=until, warnings=row.warnings)


def generated_record(*, lease: Lease, row: Round, outcome: Generated) -> None:
    """Store an attempt's tree and go on to verify. Raises LeaseLost."""
    files = [file_row(outcome.attempt, path, file) for path, file in outcome.files.items()]
    place = outcome.repository
    with transaction.atomic():
        _advance(
            lease,
            row,
            Step.VERIFY,
            outcome.detail,
            base_sha=outcome.base_sha,
            simulated=outcome.simulated,
            degraded=bool(outcome.degraded),
            **_UNDECIDED,
            **(_columns_of(place) if place else {}),
        )
        SourceFile.objects.bulk_create(files)
        CheckResult.objects.bulk_create(
            result_row(outcome.attempt, p, result) for p, result in enumerate(outcome.gates, GATES_FROM)
        )
        if outcome.degraded:
            _event(row, "fallback page", outcome.degraded)


def verified_record(*, lease: Lease, row: Round, outcome: Verified) -> None:
    """Store an attempt's results and the decision: go on to publish, or back to generate. Raises LeaseLost."""
    decision = outcome.decision
    with transaction.atomic():
        if decision.next is Next.PUBLISH:
            warnings = [*row.warnings, *(w for w in map(keepable, outcome.warnings) if w not in row.warnings)]
            if decision.attempt == row.chosen_attempt_id and deployed_before(row):
                # The repair of its failed workflow came to nothing: the commit that is published stays.
                _advance(lease, row, Step.DEPLOY, outcome.detail, warnings=warnings, **_UNDECIDED)
            else:
                chosen = {"chosen_attempt_id": decision.attempt, "chosen_at": clock.now(), "warnings": warnings}
                _advance(lease, row, Step.PUBLISH, outcome.detail, **chosen, **_UNDECIDED)
        else:
            plan = {
                "decision": decision.next,
                "decision_attempt_id": decision.attempt,
                "decision_reason": keepable(decision.reason),
            }
            _advance(lease, row, Step.GENERATE, outcome.detail, **plan)
        if outcome.attempt is not None:
            CheckResult.objects.bulk_create(
                result_row(outcome.attempt, p, result) for p, result in enumerate(outcome.results, 1)
            )
        for text, judgement in outcome.judgements.items():
            undecided = CheckResult.objects.filter(
                attempt=decision.attempt, kind=Kind.PROSE, verdict=Verdict.UNVERIFIABLE
            )
            undecided.filter(text=keepable(text)).update(detail=keepable(judgement))
        _event(row, f"decided: {decision.next}", f"attempt {decision.attempt}: {decision.reason}")


def no_result_record(*, lease: Lease, row: Round, outcome: RepairFailed | RepairSkipped) -> None:
    """Record that another attempt gave no tree, so that verify decides again without it. Raises LeaseLost."""
    with transaction.atomic():
        if isinstance(outcome, RepairFailed):
            _advance(lease, row, Step.VERIFY, outcome.detail, **_UNDECIDED)
            return
        _advance(
            lease, row, Step.VERIFY, outcome.detail, decision=Next.PUBLISH, decision_reason=keepable(outcome.detail)
        )
        _event(row, f"{row.decision} given up", outcome.detail)


def published_record(*, lease: Lease, row: Round, outcome: Published) -> None:
    """Mark the commit as pushed, store it as the task's newest publication and go on to deploy. Raises LeaseLost."""
    now, place = clock.now(), outcome.repository
    where = _columns_of(place)
    lacking: dict[str, object] = {}
    if outcome.degraded:
        lacking = {"degraded": True, "warnings": _with_warning(row, outcome.degraded)}
    with transaction.atomic():
        _advance(lease, row, Step.DEPLOY, outcome.detail, commit_sha=outcome.sha, published_at=now, **where, **lacking)
        # A commit whose workflow failed is not in the branch's history any more.
        earlier = Commit.objects.filter(round=row, sha=row.commit_sha, pushed_at__isnull=False, replaced_at=None)
        if row.commit_sha != outcome.sha and deployed_before(row):
            earlier.update(replaced_at=now)
        Commit.objects.filter(round=row, sha=outcome.sha).update(
            pushed_at=now, abandoned_at=None, attempt=row.chosen_attempt_id
        )
        # 128 bits that nobody guesses. If the commit was pushed before, its token stays: its address may be in use.
        Commit.objects.filter(round=row, sha=outcome.sha, token=None).update(token=secrets.token_hex(16))
        Task.objects.filter(pk=row.task_key).update(**where)


def deployed_before(row: Round) -> bool:
    """Say whether this run was at deploy before: its commit's workflow had failed, and a repair was tried."""
    return StepRun.objects.filter(round=row, run=row.run, step=Step.DEPLOY).exclude(ended_at=None).exists()


def _run_failed_record(*, lease: Lease, row: Round, outcome: RunFailed) -> None:
    """Store how the published commit's workflow failed and go back to generate for a repair. Raises LeaseLost."""
    plan = {
        "decision": Next.REPAIR,
        "decision_attempt_id": _chosen(row),
        "decision_reason": keepable(outcome.detail),
    }
    with transaction.atomic():
        _advance(lease, row, Step.GENERATE, outcome.detail, **plan)
        CheckResult.objects.bulk_create([result_row(_chosen(row), outcome.position, outcome.result)])
        _event(row, "workflow failed", outcome.detail)


def deployed_record(*, lease: Lease, row: Round, outcome: Deployed | RunFailed) -> None:
    """Store whether the commit is live or will be watched, and go on to notify. Raises LeaseLost.

    A commit whose workflow failed goes back to generate.
    """
    if isinstance(outcome, RunFailed):
        _run_failed_record(lease=lease, row=row, outcome=outcome)
        return
    now = clock.now()
    liveness: dict[str, object] = {"live": outcome.live, "live_at": now if outcome.live else None}
    with transaction.atomic():
        if outcome.degraded:
            liveness |= {"degraded": True, "warnings": _with_warning(row, outcome.degraded)}
        _advance(lease, row, Step.NOTIFY, outcome.detail, **liveness, **(watch_begun(now) if outcome.watch else {}))
        if takedown_of(row):
            # An operator took the page down while it was looked for. Of the two transactions the later one counts.
            Round.objects.filter(pk=row.pk).update(live=False, **UNWATCHED)
        if outcome.results:
            # A failed run that came back here, because its repair came to nothing, has its result already.
            places = [position for position, _ in outcome.results]
            CheckResult.objects.filter(attempt=_chosen(row), target=Target.LIVE, position__in=places).delete()
            CheckResult.objects.bulk_create(result_row(_chosen(row), p, result) for p, result in outcome.results)
        if outcome.degraded:
            _event(row, "workflow not succeeded", outcome.degraded)


def delivered_record(*, lease: Lease, row: Round, detail: str) -> None:
    """Complete the round after its callback was delivered. Raises LeaseLost."""
    now = clock.now()
    with transaction.atomic():
        _update(
            lease,
            row.step,
            state=State.COMPLETED,
            finished_at=now,
            next_at=None,
            late=now > row.deadline_at,
            needs_attention=False,
            waiting_on="",
            **_release(lease, row.step),
        )
        _end_step(row, now, "done", detail)


def round_wait(*, lease: Lease, row: Round, wait: Wait) -> None:
    """Release the round until a moment. Raises LeaseLost."""
    with transaction.atomic():
        _update(
            lease,
            row.step,
            state=State.WAITING,
            next_at=wait.until,
            waiting_on=keepable(wait.reason)[:LONGEST_DETAIL],
            needs_attention=wait.needs_attention or row.needs_attention,
            failures=F("failures") + 1 if wait.failed else 0,
            **_release(lease, row.step),
        )
        StepRun.objects.filter(round=row, ended_at=None).update(detail=keepable(wait.reason)[:LONGEST_DETAIL])


def round_release(*, lease: Lease, row: Round) -> None:
    """Release the round between two steps; it is due now. Raises LeaseLost."""
    _update(lease, row.step, state=State.QUEUED, next_at=clock.now(), **_release(lease, step=""))


def round_fail(*, lease: Lease, row: Round, code: str, message: str) -> None:
    """End the round without a delivered callback. Raises LeaseLost."""
    now = clock.now()
    with transaction.atomic():
        _update(
            lease,
            row.step,
            state=State.FAILED,
            finished_at=now,
            next_at=None,
            error_code=code[:60],
            error_message=keepable(message),
            waiting_on="",
            needs_attention=True,
            **_release(lease, row.step),
        )
        _end_step(row, now, "failed", message)
        interruptions_record(round_id=row.pk)
        _event(row, "round failed", f"{code}: {message}")


def crash_record(*, lease: Lease, row: Round, message: str, delay: float) -> None:
    """Count an error of our own as a crash and release the round for `delay` seconds. Raises LeaseLost."""
    until = clock.now() + timedelta(seconds=delay)
    with transaction.atomic():
        release = {**_release(lease, row.step), "crashes": F("crashes") + 1}
        _update(lease, row.step, state=State.WAITING, next_at=until, waiting_on=keepable(message)[:500], **release)
        _event(row, "internal error", message)


def _release(lease: Lease, step: str) -> dict[str, object]:
    """Return the columns that release a round. At notify it holds no worker, only a thread."""
    worked = Coalesce(F("worker_seconds"), 0.0) + (0.0 if step == Step.NOTIFY else lease.seconds)
    return {"lease_token": None, "lease_until": None, "crashes": 0, "worker_seconds": worked}


def _advance(lease: Lease, row: Round, step: Step, detail: str, **changes: object) -> None:
    now, present = clock.now(), Step(row.step)
    if not may_follow(step, present):
        raise ValueError(f"{step} does not follow {present}")
    share = Budget(row.started_at, row.deadline_at).share_ends(step)
    _update(lease, present, step=step, share_ends_at=share, crashes=0, failures=0, **changes)
    _end_step(row, now, "done", detail)
    StepRun.objects.create(round=row, run=row.run, step=step, started_at=now, claims=0)


def _update(lease: Lease, present: str, **changes: object) -> None:
    """Change the row if the lease and step `present` still hold. Raises LeaseLost, which rolls the transaction back."""
    own_round = Round.objects.filter(pk=lease.round_id, lease_token=lease.token, step=present, state=State.RUNNING)
    if own_round.update(**changes) != 1:
        raise LeaseLost


def _columns_of(place: Repository) -> dict[str, object]:
    return {
        "owner": place.owner,
        "repository": place.name,
        "repo_url": place.url,
        "pages_url": place.pages_url,
        "pages_source": place.pages_source,
    }


def _with_warning(row: Round, text: str) -> list[str]:
    warnings = list(Round.objects.values_list("warnings", flat=True).get(pk=row.pk))
    return warnings if keepable(text) in warnings else [*warnings, keepable(text)]


def _chosen(row: Round) -> int:
    assert row.chosen_attempt_id is not None  # the step publish begins with a chosen attempt
    return row.chosen_attempt_id


def _end_step(row: Round, now: datetime, outcome: str, detail: str) -> None:
    StepRun.objects.filter(round=row, ended_at=None).update(
        ended_at=now, outcome=outcome, detail=keepable(detail)[:LONGEST_DETAIL]
    )


def _event(row: Round, what: str, text: str) -> None:
    Event.objects.create(at=clock.now(), who="service", what=what, round=row, text=keepable(text))
