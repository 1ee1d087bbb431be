"""The step deploy: prove that the page's address serves this commit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.checks.page_load import page_load_result
from engine.domain.backoff import Allowance, poll_delay
from engine.domain.browser_report import PageUnderTest
from engine.domain.check_counts import count_checks
from engine.domain.checks import CheckOutcome, Kind, Target, Verdict
from engine.errors import EngineError, LeaseLost
from engine.plan.verdicts import combined
from engine.steps.contracts import Deployed, Wait
from engine.steps.liveness import FETCH_SECONDS, LARGEST_PAGE, check_liveness

if TYPE_CHECKING:
    from engine.domain.repository import Limits
    from engine.ports import Ports
    from engine.steps.contracts import DeployInput, ServedSentence

#: Checks with these verdicts are not run on the live page, because they decide nothing on any page.
_SAYS_NOTHING = frozenset({Verdict.VACUOUS, Verdict.INVALID})


def deploy(task: DeployInput, ports: Ports) -> Deployed | Wait:
    """Check once whether the page is live; else wait, or give up if it cannot become live or the time is over.

    Raises OutOfService as the forge does. Any other error is the reason of a wait.
    """
    liveness = check_liveness(task.awaited, ports)
    if liveness.live:
        return _live(task, ports)
    if liveness.final:
        return Deployed(False, liveness.reason)
    now, told_by = ports.clock.now(), task.budget.told_by
    if now >= told_by:
        return Deployed(False, f"Not proven live in time: {liveness.reason}", watch=True)
    pause = poll_delay(
        (now - task.published_at).total_seconds(), waiting=task.waiting, allowance=allowance(task.limits, now)
    )
    return Wait(min(now + timedelta(seconds=max(pause, liveness.pause)), told_by), f"Pages: {liveness.reason}")


def allowance(limits: Limits | None, now: datetime) -> Allowance | None:
    """Return the rest of the forge's limit; None if it is unknown or its hour is over."""
    if limits is None or limits.reset <= now:
        return None
    return Allowance(limits.remaining, (limits.reset - now).total_seconds())


def _live(task: DeployInput, ports: Ports) -> Deployed:
    """Run the checks again on the live page, and warn of each different verdict."""
    served = f"{task.awaited.repository.pages_url} serves this commit"
    seconds = task.budget.live_check_seconds(ports.clock.now())
    decided = [(one.position, _served_sentence(one, task, ports)) for one in task.sentences]
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


def _served_sentence(sentence: ServedSentence, task: DeployInput, ports: Ports) -> CheckOutcome:
    """Decide a sentence by whether the published site serves its paths."""
    results = list(sentence.results)
    for at, path in sentence.served.items():
        url = f"{task.awaited.repository.pages_url.rstrip('/')}/{quote(path)}"
        verdict, seen = _status_verdict(url, ports)
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
