"""The step deploy: prove that the page's address serves this commit, and that the commit's workflows succeeded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.checks.page_load import page_load_result
from engine.domain.backoff import Allowance, poll_delay
from engine.domain.browser_report import PageUnderTest
from engine.domain.check_counts import count_checks
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.domain.publication import RunState
from engine.errors import EngineError, LeaseLost
from engine.formats.workflow_log import last_lines
from engine.plan.verdicts import combined
from engine.steps.contracts import Deployed, RunFailed, Wait
from engine.steps.liveness import FETCH_SECONDS, LARGEST_PAGE, check_liveness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.publication import RunFailure, ServedSentence, WorkflowRun
    from engine.domain.repository import Limits
    from engine.ports import Ports
    from engine.steps.contracts import DeployInput
    from engine.steps.liveness import LivenessResult

#: Checks with these verdicts are not run on the live page, because they decide nothing on any page.
_SAYS_NOTHING = frozenset({Verdict.VACUOUS, Verdict.INVALID})


#: The check that says how the workflows of a published commit went, and its position among an attempt's results.
RUN_CHECK = Check(Kind.RUN, "The workflow run of this commit succeeds")
RUN_AT = 2001
_RUN_VERDICTS = {
    RunState.SUCCEEDED: Verdict.PASS,
    RunState.FAILED: Verdict.FAIL,
    RunState.NOT_RUN: Verdict.NOT_RUN,
}
#: Conclusions of a run that a change of the files may mend. Others, such as cancelled, say nothing about the files.
_MENDABLE = frozenset({"failure", "timed_out", "startup_failure"})
_LARGEST_LOG = 5_000_000


def deploy(task: DeployInput, ports: Ports) -> Deployed | RunFailed | Wait:
    """Check once whether the page is live; else wait, or give up if it cannot become live or the time is over.

    A failed run of a workflow is repaired once, if the time allows it. Raises OutOfService as the forge does. Any other
    error is the reason of a wait.
    """
    liveness = check_liveness(task.awaited, ports)
    if liveness.live:
        return _live(task, liveness.run, ports)
    now, told_by = ports.clock.now(), task.budget.told_by
    if liveness.final:
        return _final(task, liveness, now, ports)
    if now >= told_by:
        reason = f"Not proven live in time: {liveness.reason}"
        decided = _decided(task, _run_result(task, liveness.run), liveness.run, ports) if liveness.run else ()
        unfinished = liveness.run is not None and liveness.run.state in {RunState.RUNNING, RunState.NONE}
        return Deployed(False, reason, decided, watch=True, degraded=reason if unfinished else "")
    pause = poll_delay(
        (now - task.published_at).total_seconds(), waiting=task.waiting, allowance=allowance(task.limits, now)
    )
    return Wait(min(now + timedelta(seconds=max(pause, liveness.pause)), told_by), f"Pages: {liveness.reason}")


def allowance(limits: Limits | None, now: datetime) -> Allowance | None:
    """Return the rest of the forge's limit; None if it is unknown or its hour is over."""
    if limits is None or limits.reset <= now:
        return None
    return Allowance(limits.remaining, (limits.reset - now).total_seconds())


def _final(task: DeployInput, liveness: LivenessResult, now: datetime, ports: Ports) -> Deployed | RunFailed:
    """Give up on a page that will not be live, or have its failed workflow repaired."""
    run = liveness.run
    if run is None:
        return Deployed(False, liveness.reason)
    failure = ports.forge.run_failure(task.awaited.repository, run) if run.state is RunState.FAILED else None
    result = _run_result(task, run, failure, _log(failure, ports) if failure else (), now)
    has_failed = run.state is RunState.FAILED or run.is_off
    reason = result.detail if has_failed else liveness.reason
    if failure and run.conclusion in _MENDABLE and not task.unrepairable:
        if task.budget.run_repair_seconds(now, (now - task.published_at).total_seconds()):
            return RunFailed(RUN_AT, result, reason)
        reason = f"{reason}. It was not repaired: the time does not allow it"
    elif failure and task.unrepairable:
        reason = f"{reason}. {task.unrepairable}"
    if not has_failed:
        ports.journal.warn(reason[:1_000])
    decided = _decided(task, result, run, ports)
    return Deployed(False, reason[:1_000], decided, degraded=reason[:1_000] if has_failed else "")


def _log(failure: RunFailure, ports: Ports) -> tuple[str, ...]:
    """Return the last lines of the failed job's log, or what the forge says in place of it."""
    if not failure.log_url:
        return failure.messages
    try:
        answer = ports.fetcher.fetch(failure.log_url, seconds=FETCH_SECONDS, max_bytes=_LARGEST_LOG)
    except LeaseLost:
        raise
    except EngineError as error:
        return (f"(The log could not be fetched: {error.message})",)
    if answer.status != 200:
        return (f"(The log's address answers {answer.status})",)
    return tuple(last_lines(answer.body))


def _run_result(
    task: DeployInput,
    run: WorkflowRun,
    failure: RunFailure | None = None,
    log: Sequence[str] = (),
    now: datetime | None = None,
) -> CheckOutcome:
    """Return the result of RUN_CHECK: the run's address and conclusion, and where it failed."""
    value: dict[str, object] = {"url": run.url, "conclusion": run.conclusion or run.state}
    detail = run.detail
    if failure:
        seconds = (now - task.published_at).total_seconds() if now else 0.0
        value |= {"job": failure.job, "step": failure.step, "log": list(log), "seconds": seconds}
        where = f"the step {failure.step!r} of the job {failure.job!r}" if failure.step else f"the job {failure.job!r}"
        detail += f" at {where}" if failure.job else ""
        detail += f". {failure.lacks}" if failure.lacks else ""
    verdict = _RUN_VERDICTS.get(run.state, Verdict.FAIL if run.is_off else Verdict.INCONCLUSIVE)
    return CheckOutcome(RUN_CHECK, Target.LIVE, verdict, f"{detail[:1].upper()}{detail[1:]}", value)


def _decided(
    task: DeployInput, result: CheckOutcome, run: WorkflowRun, ports: Ports
) -> tuple[tuple[int, CheckOutcome], ...]:
    """Return the result about the run, and those of the sentences that the published site and the run decide."""
    sentences = [(one.position, _served_sentence(one, task, run, ports)) for one in task.sentences]
    return ((RUN_AT, result), *sentences)


def _live(task: DeployInput, run: WorkflowRun | None, ports: Ports) -> Deployed:
    """Run the checks again on the live page, and warn of each different verdict."""
    served = f"{task.awaited.repository.pages_url} serves this commit" + (f"; {run.detail}" if run else "")
    seconds = task.budget.live_check_seconds(ports.clock.now())
    decided = [(one.position, _served_sentence(one, task, run, ports)) for one in task.sentences]
    decided += [(RUN_AT, _run_result(task, run))] if run else []
    scripts = [frozen for frozen in task.checks if frozen.check.kind is Kind.JS and frozen.verdict not in _SAYS_NOTHING]
    if ports.browser is None or not task.checks:
        return Deployed(True, served, tuple(decided))
    page = PageUnderTest(task.awaited.repository.pages_url, None, Target.LIVE)
    report = ports.browser.run(page, [frozen.check for frozen in scripts], seconds=seconds)
    live_results = [
        (frozen, result) for frozen, result in zip(scripts, report.results, strict=True) if result.target is Target.LIVE
    ]
    differs = [
        f"{result.check.text}: {frozen.verdict} before, {result.verdict} live"
        for frozen, result in live_results
        if frozen.verdict is not result.verdict and Verdict.NOT_RUN not in {frozen.verdict, result.verdict}
    ]
    places = {frozen.check.text: frozen.position for frozen in task.checks if frozen.check.kind is Kind.PAGE_LOAD}
    views = [page_load_result(view, Target.LIVE) for view in report.views]
    results = [*decided, *((frozen.position, result) for frozen, result in live_results)]
    results += [(places[view.check.text], view) for view in views if view.check.text in places]
    for text in differs:
        ports.journal.warn(f"The live page differs from the one that was checked: {text}"[:1000])
    newest = {frozen.position: (frozen.check.kind, frozen.verdict) for frozen in task.checks}
    newest |= {at: (live.check.kind, live.verdict) for at, live in results if live.verdict is not Verdict.NOT_RUN}
    return Deployed(True, f"{served}; {count_checks(newest.values())}", tuple(results))


def _served_sentence(
    sentence: ServedSentence, task: DeployInput, run: WorkflowRun | None, ports: Ports
) -> CheckOutcome:
    """Decide a sentence by whether the published site serves its paths, and by the run of the commit's workflows."""
    results = list(sentence.results)
    for at, path in sentence.served.items():
        if run and run.state is RunState.NOT_RUN and path in task.awaited.outputs:
            verdict, seen = Verdict.NOT_RUN, run.detail
        else:
            verdict, seen = _status_verdict(f"{task.awaited.repository.pages_url.rstrip('/')}/{quote(path)}", ports)
        results[at] = replace(results[at], verdict=verdict, seen=seen)
    for at in sentence.by_run:
        result = _run_result(task, run) if run else None
        verdict = result.verdict if result else Verdict.FAIL
        seen = result.detail if result else "the commit has no workflow that a push starts"
        results[at] = replace(results[at], verdict=verdict, seen=seen)
    return combined(sentence.check, Target.LIVE, results)


def _status_verdict(url: str, ports: Ports) -> tuple[Verdict, str]:
    try:
        answer = ports.fetcher.fetch(url, seconds=FETCH_SECONDS, max_bytes=LARGEST_PAGE)
    except LeaseLost:
        raise
    except EngineError as error:
        return Verdict.INCONCLUSIVE, f"{url} could not be fetched: {error.message}"
    return (Verdict.PASS if answer.status == 200 else Verdict.FAIL), f"{url} answers {answer.status}"
