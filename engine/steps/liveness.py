"""Checks once whether the page's address serves this commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.domain.repository import PagesBuild
from engine.errors import LeaseLost, OutOfService, Permanent, RateLimited, Transient

if TYPE_CHECKING:
    from engine.ports import Ports
    from engine.steps.contracts import AwaitedCommit

FETCH_SECONDS = 15.0
LARGEST_PAGE = 10_000_000

#: A requested build appears in the list of builds within this time, or it never started.
BEGINS_WITHIN = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class LivenessResult:
    """The result of a check. `final`: the page will never be live. `pause`: seconds to wait that GitHub asked for."""

    live: bool = False
    reason: str = ""
    final: bool = False
    pause: float = 0.0


def check_liveness(task: AwaitedCommit, ports: Ports) -> LivenessResult:
    """Check once, record the result, and request one rebuild if the build failed. Raises OutOfService."""
    try:
        build = ports.forge.pages_build(task.repository, task.sha)
    except OutOfService:
        raise
    except Transient as error:
        # An error of GitHub says nothing about the page. It causes a wait, as a running build does, and no failure.
        ports.journal.pages_seen(build=PagesBuild("unknown", None), http_status=None, live=False, reason=error.message)
        return LivenessResult(reason=error.message, pause=error.retry_after or 0.0)
    status, result = (
        _result_built(task, ports, build) if build.status == "built" else (None, _result_unbuilt(task, ports, build))
    )
    ports.journal.pages_seen(build=build, http_status=status, live=result.live, reason=result.reason)
    if build.status == "errored" and task.rebuild is None:
        return _ask_for_rebuild(task, ports, build, result.reason)
    return result


def _result_unbuilt(task: AwaitedCommit, ports: Ports, build: PagesBuild) -> LivenessResult:
    """Return the reason to wait for a build. The page is not fetched: a CDN would cache an early 404."""
    if build.status == "superseded":
        return LivenessResult(reason=f"It was overtaken: {build.detail}", final=True)
    if build.status != "errored":
        return LivenessResult(reason=f"the build is {build.status}" + (f": {build.detail}" if build.detail else ""))
    failed = f"The build of Pages failed: {build.detail}"
    if task.rebuild is None:
        return LivenessResult(reason=failed)
    if build.build != task.rebuild.after:
        return LivenessResult(reason=f"The build of Pages failed a second time: {build.detail}", final=True)
    if ports.clock.now() - task.rebuild.at < BEGINS_WITHIN:
        return LivenessResult(reason=f"{failed}; one more was asked for and has not begun yet")
    return LivenessResult(reason=f"{failed}; one more was asked for and never began", final=True)


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
    # The first request bypasses caches; the second is the evaluator's, as a cache may hold an older copy. Each check
    # has its own address, because a cache may keep the response to the last one.
    fresh = f"?commit={task.sha}&at={ports.clock.now():%H%M%S%f}"
    for query, where in ((fresh, "the page"), ("", "the plain address")):
        status, reason = _served(task, ports, task.repository.pages_url + query, where)
        if reason:
            return status, LivenessResult(reason=reason)
    return 200, LivenessResult(live=True)


def _served(task: AwaitedCommit, ports: Ports, url: str, where: str) -> tuple[int | None, str]:
    try:
        answer = ports.fetcher.fetch(url, seconds=FETCH_SECONDS, max_bytes=LARGEST_PAGE)
    except (LeaseLost, OutOfService):
        raise
    except (Transient, Permanent) as error:
        return None, f"{where} could not be fetched: {error.message}"
    if answer.status != 200:
        return answer.status, f"{where} answers {answer.status}, though the build is built"
    return answer.status, "" if answer.body == task.page else f"{where} still serves other bytes than the commit's"
