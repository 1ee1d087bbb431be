"""Judge a tree: our own rules, the request's checks in a browser, and which attempt of the run is the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core import rules
from engine.core.checks import Check, CheckResult, Kind, Target, Verdict
from engine.core.selection import Candidate, best
from engine.core.source_rules import source_results
from engine.core.views import view_result
from engine.ports import BrowserReport, PageUnderTest
from engine.steps.outcomes import Verified

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.ports import Ports


@dataclass(frozen=True, slots=True)
class VerifyInput:
    """The newest attempt's tree, the request's checks, and the attempts that were judged before. `url`: where Pages would serve it."""

    attempt: int
    order: int
    files: Mapping[str, bytes]
    url: str
    words: str  # the brief
    checks: tuple[Check, ...]
    earlier: tuple[Candidate, ...]
    seconds: float


def verify(task: VerifyInput, ports: Ports) -> Verified:
    """Return a result for each of our rules, each check of the request and each view, and the attempt to publish."""
    scripts = [check for check in task.checks if check.kind is Kind.JS]
    page = PageUnderTest(task.url, task.files, Target.LOCAL, task.words)
    report = ports.browser.run(page, scripts, seconds=task.seconds) if ports.browser else BrowserReport(())
    ran = iter(report.results)
    requested = [
        next(ran) if check.kind is Kind.JS and ports.browser else rules.static_result(check, task.files)
        for check in task.checks
    ]
    judged = [*rules.own_results(task.files), *requested]
    advice = [*source_results(task.files, task.checks), *(view_result(view, Target.LOCAL) for view in report.views)]
    results = [*judged, *advice]
    chosen = best([*task.earlier, Candidate(task.attempt, task.order, results)])
    return Verified(task.attempt, tuple(results), chosen.attempt, summary(judged))


def summary(judged: Sequence[CheckResult]) -> str:
    """Return in a line how many passed, and why some were not run."""
    passed = sum(r.verdict is Verdict.PASS for r in judged)
    not_run = [r.detail for r in judged if r.verdict is Verdict.NOT_RUN]
    line = f"{passed} of {len(judged)} checks passed"
    return f"{line}, {len(not_run)} not run: {not_run[0]}" if not_run else line
