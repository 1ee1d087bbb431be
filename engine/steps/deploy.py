"""Prove that what the page's address serves is this very commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.core.backoff import poll_delay
from engine.core.checks import Check, Kind, Target, Verdict
from engine.core.views import view_result
from engine.errors import Fenced, OutOfService, Permanent, Transient
from engine.ports import PageUnderTest
from engine.steps.outcomes import Deployed, Wait

if TYPE_CHECKING:
    from engine.core.budget import Budget
    from engine.ports import Look, Ports, Repository

FETCH_SECONDS = 15.0
LARGEST_PAGE = 10_000_000


@dataclass(frozen=True, slots=True)
class FrozenCheck:
    """A check as it was judged before publishing: its `position` among the results, and the verdict there."""

    position: int
    check: Check
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class DeployInput:
    """The commit that must be live, its `index.html` byte for byte, and the time that is left for it.

    `later` are commits that later rounds put on top of it: once one of those is built, this one will never be.
    """

    repository: Repository
    sha: str
    page: bytes
    published_at: datetime
    budget: Budget
    later: frozenset[str] = frozenset()
    checks: tuple[FrozenCheck, ...] = ()
    words: str = ""  # the brief


def deploy(task: DeployInput, ports: Ports) -> Deployed | Wait:
    """Look once at the build and at what is served: live, failed for good, out of time, or to be looked at again.

    Raises OutOfService, Permanent as the forge does; whatever else keeps the page from being seen is the reason of a wait.
    """
    look, status, reason = _look(task, ports)
    ports.journal.pages_seen(look=look, http_status=status, live=not reason, reason=reason)
    now = ports.clock.now()
    if not reason:
        return _live(task, ports)
    if look.status == "built" and look.commit in task.later:
        return Deployed(False, f"A later round's commit {look.commit[:10]} was built before this one was seen live")
    if look.status == "errored":
        return Deployed(False, f"The build of Pages failed: {look.detail}")
    if now >= task.budget.told_by:
        return Deployed(False, f"Not proven live in time: {reason}")
    wait = timedelta(seconds=poll_delay((now - task.published_at).total_seconds()))
    return Wait(min(now + wait, task.budget.told_by), f"Pages: {reason}")


def _live(task: DeployInput, ports: Ports) -> Deployed:
    """Run the same checks once more on the live page; where it differs from what was published is a finding."""
    served = f"{task.repository.pages_url} serves this commit"
    seconds = task.budget.live_check_seconds(ports.clock.now())
    scripts = [frozen for frozen in task.checks if frozen.check.kind is Kind.JS]
    if ports.browser is None or not task.checks:
        return Deployed(True, served)
    page = PageUnderTest(task.repository.pages_url, None, Target.LIVE, task.words)
    report = ports.browser.run(page, [frozen.check for frozen in scripts], seconds=seconds)
    ran = [
        (frozen, result) for frozen, result in zip(scripts, report.results, strict=True) if result.target is Target.LIVE
    ]
    differs = [
        f"{result.check.text}: {frozen.verdict} before, {result.verdict} live"
        for frozen, result in ran
        if result.verdict != frozen.verdict
    ]
    places = {frozen.check.text: frozen.position for frozen in task.checks if frozen.check.kind is Kind.VIEW}
    views = [view_result(view, Target.LIVE) for view in report.views]
    results = [(frozen.position, result) for frozen, result in ran]
    results += [(places[view.check.text], view) for view in views if view.check.text in places]
    for text in differs:
        ports.journal.warn(f"The live page differs from the one that was checked: {text}"[:1000])
    passed = sum(result.verdict is Verdict.PASS for _, result in ran)
    return Deployed(True, f"{served}; {passed} of {len(ran)} browser checks passed there", tuple(results))


def _look(task: DeployInput, ports: Ports) -> tuple[Look, int | None, str]:
    """Return the build, what the page answered and why it is not live yet, "" where it is."""
    look = ports.forge.look(task.repository, task.sha)
    if look.status != "built":
        return look, None, f"the build is {look.status}" + (f": {look.detail}" if look.detail else "")
    if look.commit != task.sha:
        return look, None, f"the newest build is of commit {look.commit}"
    # First past every cache, then as the evaluator opens it: a copy at the edge may be older than the build.
    for query, where in ((f"?commit={task.sha}", "the page"), ("", "the plain address")):
        status, reason = _served(task, ports, task.repository.pages_url + query, where)
        if reason:
            return look, status, reason
    return look, 200, ""


def _served(task: DeployInput, ports: Ports, url: str, where: str) -> tuple[int | None, str]:
    try:
        answer = ports.fetcher.fetch(url, seconds=FETCH_SECONDS, max_bytes=LARGEST_PAGE)
    except (Fenced, OutOfService):
        raise
    except (Transient, Permanent) as error:
        return None, f"{where} could not be fetched: {error.message}"
    if answer.status != 200:
        return answer.status, f"{where} answers {answer.status}"
    return answer.status, "" if answer.body == task.page else f"{where} serves other bytes than the commit's"
