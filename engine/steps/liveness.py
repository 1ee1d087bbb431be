"""Checks once whether the page's address serves this commit, and whether the commit's workflows have succeeded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.domain.backoff import REBUILDS
from engine.domain.publication import RunState, WorkflowRun
from engine.domain.repository import PagesBuild, PagesSource
from engine.errors import LeaseLost, OutOfService, Permanent, RateLimited, Transient

if TYPE_CHECKING:
    from datetime import datetime

    from engine.domain.publication import AwaitedCommit
    from engine.ports import Ports

FETCH_SECONDS = 15.0
LARGEST_PAGE = 10_000_000

#: A requested build appears in the list of builds within this time, or it never started.
BEGINS_WITHIN = timedelta(seconds=120)

#: A run begins within this time after the push, or the reason for the wait says what may be the matter.
RUN_BEGINS_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class LivenessResult:
    """The result of a check. `final`: the page will never be live. `pause`: seconds to wait that GitHub asked for.

    `run` is the state of the commit's workflows; None if it has none, or if it is unknown for a moment.
    """

    live: bool = False
    reason: str = ""
    final: bool = False
    pause: float = 0.0
    run: WorkflowRun | None = None


def check_liveness(task: AwaitedCommit, ports: Ports) -> LivenessResult:
    """Check once, record the result, and request another build if the build failed. Raises OutOfService."""
    try:
        run = ports.forge.workflow_run(task.repository, task.sha, task.workflows) if task.workflows else None
        if run and task.repository.pages_source is PagesSource.WORKFLOW:
            build, build_of_pages = PagesBuild(f"run {run.state}", None, run.detail, run.id), False
        else:
            build, build_of_pages = ports.forge.pages_build(task.repository, task.sha), True
    except OutOfService:
        raise
    except Transient as error:
        # An error of GitHub says nothing about the page. It causes a wait, as a running build does, and no failure.
        ports.journal.pages_seen(build=PagesBuild("unknown", None), http_status=None, live=False, reason=error.message)
        return LivenessResult(reason=error.message, pause=error.retry_after or 0.0)
    if run and not build_of_pages:
        status, result = _result_of_workflow(task, ports, run)
    elif build.status == "built":
        status, result = _result_built(task, ports, build)
    else:
        status, result = None, _result_unbuilt(task, ports, build)
    if run:
        result = _with_run(result, run, task, ports)
    ports.journal.pages_seen(build=build, http_status=status, live=result.live, reason=result.reason)
    if build.status == "errored" and not result.final and _is_due(task, build, ports.clock.now()):
        return _ask_for_rebuild(task, ports, build, f"The build of Pages failed: {build.detail}")
    return result


# --- Workflows


def _result_of_workflow(task: AwaitedCommit, ports: Ports, run: WorkflowRun) -> tuple[int | None, LivenessResult]:
    """Fetch the page that the run has published; before, a CDN would cache an early 404. Raises OutOfService."""
    if run.state not in {RunState.SUCCEEDED, RunState.NOT_RUN, RunState.UNREADABLE}:
        return None, LivenessResult()
    status, result = _result_served(task, ports, "the run succeeded" if run.state is RunState.SUCCEEDED else "")
    if result.live and run.state is not RunState.NOT_RUN:
        for path in task.outputs:
            status, reason = _answers(f"{task.repository.pages_url.rstrip('/')}/{quote(path)}", path, ports)
            if reason:
                return status, LivenessResult(reason=reason)
    if run.state is RunState.SUCCEEDED and not result.live and run.deployment != "success":
        deployed = f"is {run.deployment}" if run.deployment else "does not exist"
        result = replace(result, reason=f"{result.reason}; its deployment to Pages {deployed}")
    return status, result


def _with_run(result: LivenessResult, run: WorkflowRun, task: AwaitedCommit, ports: Ports) -> LivenessResult:
    """Return the result with the state of the run: the commit is live only if its workflows have succeeded."""
    overtaken = result.final and not result.live
    if overtaken or (run.state is RunState.SUCCEEDED):
        return replace(result, run=run)
    match run.state:
        case RunState.NOT_RUN | RunState.UNREADABLE if result.live:
            reason = f"The page serves this commit, but its workflow was not seen to succeed: {run.detail}"
            return LivenessResult(reason=reason, final=True, run=run)
        case RunState.FAILED:
            return LivenessResult(reason=_sentence(run.detail), final=True, run=run)
        case RunState.NONE if run.is_off:
            return LivenessResult(reason=run.detail, final=True, run=run)
        case RunState.NONE if ports.clock.now() - task.published_at > RUN_BEGINS_WITHIN:
            why = "Actions may be switched off for the account, or the workflow may have no trigger for this push"
            return LivenessResult(reason=f"{run.detail}: {why}", run=run)
        case RunState.NONE:
            return LivenessResult(reason=f"{run.detail} yet", run=run)
        case _:
            reason = result.reason if run.state in {RunState.NOT_RUN, RunState.UNREADABLE} else ""
            return LivenessResult(reason="; ".join(filter(None, [run.detail, reason])), run=run)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _answers(url: str, path: str, ports: Ports) -> tuple[int | None, str]:
    """Return why a path is not served yet, "" if it is."""
    try:
        answer = ports.fetcher.fetch(url, seconds=FETCH_SECONDS, max_bytes=LARGEST_PAGE)
    except (LeaseLost, OutOfService):
        raise
    except (Transient, Permanent) as error:
        return None, f"{path} could not be fetched: {error.message}"
    reason = "" if answer.status == 200 else f"{path} answers {answer.status}, though the run succeeded"
    return answer.status, reason


# --- Builds of a branch


def _result_unbuilt(task: AwaitedCommit, ports: Ports, build: PagesBuild) -> LivenessResult:
    """Return the reason to wait for a build. The page is not fetched: a CDN would cache an early 404."""
    if build.status == "superseded":
        return LivenessResult(reason=f"It was overtaken: {build.detail}", final=True)
    if build.status != "errored":
        return LivenessResult(reason=f"the build is {build.status}" + (f": {build.detail}" if build.detail else ""))
    now, asked = ports.clock.now(), task.rebuild
    times = f" {asked.count + 1} times" if asked and build.build != asked.after else ""
    failed = f"The build of Pages failed{times}: {build.detail}"
    if asked and asked.at and build.build == asked.after and now - asked.at < BEGINS_WITHIN:
        return LivenessResult(reason=f"{failed}; one more was asked for and has not begun yet")
    due = _next_request(task, build)
    if due is None or due >= task.rebuilds_until:
        never = "; one more was asked for and never began" if asked and build.build == asked.after else ""
        return LivenessResult(reason=failed + never, final=True)
    wait = (due - now).total_seconds()
    return LivenessResult(reason=f"{failed}; one more is asked for" + (f" in {wait:.0f} s" if wait > 0 else ""))


def _next_request(task: AwaitedCommit, build: PagesBuild) -> datetime | None:
    """Return when another build is asked for after this one failed; None if enough were.

    The distances grow: GitHub allows ten builds an hour, and what is wrong for a moment may be wrong for minutes.
    https://docs.github.com/en/pages/getting-started-with-github-pages/github-pages-limits
    """
    asked = task.rebuild
    count = asked.count if asked else 0
    if count >= len(REBUILDS):
        return None
    since = (asked.at if asked else None) or task.published_at
    if asked and asked.at and build.build == asked.after:
        since += BEGINS_WITHIN
    return since + timedelta(seconds=REBUILDS[count])


def _is_due(task: AwaitedCommit, build: PagesBuild, now: datetime) -> bool:
    due = _next_request(task, build)
    return due is not None and due <= now


def _ask_for_rebuild(task: AwaitedCommit, ports: Ports, build: PagesBuild, failed: str) -> LivenessResult:
    """Request a rebuild. It is recorded before, so that a replay does not request it again. Raises OutOfService."""
    ports.journal.rebuild_asked(sha=task.sha, after=build.build)
    try:
        ports.forge.rebuild(task.repository)
    except (RateLimited, OutOfService) as unasked:
        ports.journal.rebuild_put_off(sha=task.sha)
        if isinstance(unasked, OutOfService):
            raise
        return LivenessResult(
            reason=f"{failed}; one more is asked for next. {unasked.message}", pause=unasked.retry_after or 0.0
        )
    except Transient as doubt:
        return LivenessResult(reason=f"{failed}; one more was asked for, and perhaps not heard. {doubt.message}")
    except Permanent as refused:
        return LivenessResult(reason=f"{failed}; {refused.message}", final=True)
    return LivenessResult(reason=f"{failed}; one more was asked for")


def _result_built(task: AwaitedCommit, ports: Ports, build: PagesBuild) -> tuple[int | None, LivenessResult]:
    """Fetch the page of a built commit. Raises OutOfService."""
    if build.commit in task.later:
        sentence = f"A later round's commit {(build.commit or '')[:10]} was built before this one was seen live"
        return None, LivenessResult(reason=sentence, final=True)
    if build.commit != task.sha:
        return None, LivenessResult(reason=f"the newest build is of another commit, {build.commit}")
    return _result_served(task, ports, "the build is built")


# --- The served page


def _result_served(task: AwaitedCommit, ports: Ports, though: str) -> tuple[int | None, LivenessResult]:
    # The first request bypasses caches; the second is the evaluator's, as a cache may hold an older copy. Each check
    # has its own address, because a cache may keep the response to the last one.
    fresh = f"?commit={task.sha}&at={ports.clock.now():%H%M%S%f}"
    for query, where in ((fresh, "the page"), ("", "the plain address")):
        status, reason = _served(task, ports, task.repository.pages_url + query, where, though)
        if reason:
            return status, LivenessResult(reason=reason)
    return 200, LivenessResult(live=True)


def _served(task: AwaitedCommit, ports: Ports, url: str, where: str, though: str) -> tuple[int | None, str]:
    try:
        answer = ports.fetcher.fetch(url, seconds=FETCH_SECONDS, max_bytes=LARGEST_PAGE)
    except (LeaseLost, OutOfService):
        raise
    except (Transient, Permanent) as error:
        return None, f"{where} could not be fetched: {error.message}"
    if answer.status != 200:
        return answer.status, f"{where} answers {answer.status}" + (f", though {though}" if though else "")
    if answer.body == task.page:
        return answer.status, ""
    # A workflow may change the page while it builds the site. The round's marker still says whose page it is.
    if task.repository.pages_source is PagesSource.WORKFLOW and task.marker and task.marker.encode() in answer.body:
        return answer.status, ""
    return answer.status, f"{where} still serves other bytes than the commit's"
