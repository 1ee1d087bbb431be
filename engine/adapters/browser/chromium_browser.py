"""The port Browser on the machine's Chromium.

Each verification and each computation has its own process. We kill that process and its children if they exceed their
time or memory.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.adapters.browser.job import (
    NO_PAGE,
    Checked,
    CheckedInOrder,
    Computed,
    ComputeJob,
    Failed,
    Job,
    Started,
    Viewed,
)
from engine.adapters.browser.places import place
from engine.adapters.browser.process import TIME_OVER, run_job
from engine.domain.addresses import parse_url
from engine.domain.browser_report import BrowserReport, Computation, PageUnderTest, PageView
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.site.computed import BUILD_SCRIPT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.adapters.browser.process import BrowserRun
    from engine.domain.browser_report import PageTest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WINDOW = 10.0  # seconds from load in which a check may become true
SHORTEST = 8.0  # seconds; with less time we start no browser
STARTING = 35.0  # seconds of a computation beside its two runs: for the browser's start and end, and its two pages
NO_CHROMIUM = "no Chromium was found on this machine: install one, or name it in CHROMIUM_PATH"
NO_PLACE = "no check browser was free in time"


@dataclass(frozen=True, slots=True)
class Machine:
    """Browser settings. An empty `executable` is searched for; `folder` holds the locks of the `places`."""

    folder: Path
    executable: str = ""
    sandbox: bool = True
    allow_no_sandbox: bool = False  # start without the sandbox if it cannot be used
    places: int = 2
    mirror: str = ""
    own_origin: str = ""  # the origin of the local forge's pages
    private_pages: bool = False  # for development: live pages may be on a private address
    window: float = WINDOW


class ChromiumBrowser:
    """Runs checks as an evaluator does, each time with a fresh profile, without secrets, with guarded requests only."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        #: Whether a browser was started without the sandbox that the settings want.
        self.lacks_sandbox = False

    def run(
        self, page: PageUnderTest, checks: Sequence[Check], *, seconds: float, tests: Sequence[PageTest] = ()
    ) -> BrowserReport:
        """Return a result for each check and page test, in order. Ending processes may exceed `seconds` a little."""
        start = time.monotonic()
        if not (executable := self.executable()):
            return _not_run(page, checks, tests, NO_CHROMIUM)
        with place(self._machine.folder, self._machine.places, seconds - SHORTEST) as free:
            left = seconds - (time.monotonic() - start)
            if not free or left < SHORTEST:
                return _not_run(page, checks, tests, NO_PLACE)
            run = self._verify(page, checks, tests, executable, left)
        return _report(page, checks, tests, run)

    def compute(self, script: str, files: Mapping[str, bytes], *, seconds: float, wait: float) -> Computation:
        """Run a build script twice, for `seconds` at most. `wait` bounds the time until a browser is free."""
        if not (executable := self.executable()):
            return Computation(not_run=NO_CHROMIUM)
        job = ComputeJob(script, files, executable, self._sandbox, seconds, self._machine.allow_no_sandbox)
        with place(self._machine.folder, self._machine.places, wait) as free:
            if not free:
                return Computation(not_run=NO_PLACE)
            with tempfile.TemporaryDirectory(prefix="check-browser-", ignore_cleanup_errors=True) as home:
                run = self._run(job, Path(home), seconds + STARTING)
        return _computation(run)

    def executable(self) -> str:
        """Return the path of the browser, "" if there is none."""
        return self._machine.executable or next((path for name in NAMES if (path := shutil.which(name))), "")

    def problem(self) -> str:
        """Start the browser on an empty site and return why it cannot run, or "". Takes about a second."""
        report = self.run(PageUnderTest("https://example.invalid/", {}, Target.LOCAL), (), seconds=30)
        return report.not_run

    def _verify(
        self,
        page: PageUnderTest,
        checks: Sequence[Check],
        tests: Sequence[PageTest],
        executable: str,
        seconds: float,
    ) -> BrowserRun:
        job = Job(
            url=page.url,
            files=page.files,
            expressions=tuple(check.text for check in checks),
            executable=executable,
            sandbox=self._sandbox,
            window=self._machine.window,
            seconds=seconds - 6,  # the rest is for starting, ending and the two views
            mirror=self._machine.mirror,
            allowed_origins=self._allowed_origins(page),
            in_order=_in_order(checks),
            tests=tuple(tests),
            allow_no_sandbox=self._machine.allow_no_sandbox,
        )
        with tempfile.TemporaryDirectory(prefix="check-browser-", ignore_cleanup_errors=True) as home:
            return self._run(job, Path(home), seconds)

    @property
    def _sandbox(self) -> bool:
        return self._machine.sandbox and not self.lacks_sandbox

    def _run(self, job: Job | ComputeJob, home: Path, seconds: float) -> BrowserRun:
        run = run_job(job, home, seconds)
        started = (event for event in run.events if isinstance(event, Started))
        self.lacks_sandbox = self.lacks_sandbox or any(job.sandbox and not event.sandbox for event in started)
        return run

    def _allowed_origins(self, page: PageUnderTest) -> tuple[str, ...]:
        """Return the live page's origin if it may have a private address: it is ours, or `private_pages` is set."""
        origin = parse_url(page.url).origin if page.target is Target.LIVE else ""
        own = self._machine.own_origin
        ours = origin != "" and own != "" and parse_url(own).origin == origin
        return (origin,) if ours or (origin and self._machine.private_pages) else ()


def _computation(run: BrowserRun) -> Computation:
    for event in run.events:
        if isinstance(event, Computed):
            return Computation(event.files, event.fills, event.error)
        if isinstance(event, Failed):
            return Computation(not_run=event.reason)
    why = run.ended or "the check browser died"
    started = any(isinstance(event, Started) for event in run.events)
    if started and run.ended != TIME_OVER:  # the process itself ends a script that takes too long
        return Computation(error=f"{BUILD_SCRIPT}: {why}")
    return Computation(not_run=f"the check browser: {why}")


def _in_order(checks: Sequence[Check]) -> tuple[int, ...]:
    """Return the indexes of the request's expressions, to be run in order on one page; () if there is only one."""
    scripts = tuple(at for at, check in enumerate(checks) if check.kind is Kind.JS)
    return scripts if len(scripts) > 1 else ()


def _report(page: PageUnderTest, checks: Sequence[Check], tests: Sequence[PageTest], run: BrowserRun) -> BrowserReport:
    started = next((event for event in run.events if isinstance(event, Started)), None)
    failed = next((event for event in run.events if isinstance(event, Failed)), None)
    if failed or not started:
        why = failed.reason if failed else f"the check browser did not start ({run.ended or 'it died'})"
        return _not_run(page, checks, tests, why)
    outcomes = {event.index: event for event in run.events if isinstance(event, Checked) and not _is_lost(event, run)}
    why = run.ended or "the check browser died"
    missing = Verdict.NOT_RUN if run.ended == TIME_OVER else Verdict.TIMEOUT if run.ended else Verdict.ERROR
    results = [
        _result(check, page.target, outcomes[at])
        if at in outcomes
        else CheckOutcome(check, page.target, missing, f"the verification was ended before this: {why}")
        for at, check in enumerate([*checks, *_expressions(tests)])
    ]
    views = {event.width: event for event in run.events if isinstance(event, Viewed)}
    # Our own time says nothing about the page.
    ended = (f"the verification was ended: {run.ended}",) if run.ended and run.ended != TIME_OVER else ()
    return BrowserReport(
        results[: len(checks)],
        [_view(viewed, ended) for _, viewed in sorted(views.items(), reverse=True)],
        started.version,
        tested=results[len(checks) :],
        in_order=_held_in_order(checks, run),
    )


def _is_lost(outcome: Checked, run: BrowserRun) -> bool:
    """Say whether a check found no browser because we had ended it."""
    return bool(run.ended) and outcome.detail.startswith(NO_PAGE)


def _held_in_order(checks: Sequence[Check], run: BrowserRun) -> Sequence[bool | None]:
    for event in run.events:
        if isinstance(event, CheckedInOrder):
            held = dict(zip(_in_order(checks), event.held, strict=True))
            return [held.get(at) for at in range(len(checks))]
    return ()


def _expressions(tests: Sequence[PageTest]) -> list[Check]:
    return [Check(Kind.JS, test.expression) for test in tests]


def _result(check: Check, target: Target, outcome: Checked) -> CheckOutcome:
    where = Target.EMPTY if outcome.empty else target
    return CheckOutcome(check, where, Verdict(outcome.verdict), outcome.detail, outcome.value, outcome.milliseconds)


def _view(viewed: Viewed, ended: tuple[str, ...]) -> PageView:
    return PageView(
        viewed.width,
        viewed.loaded,
        viewed.screenshot,
        viewed.console,
        (*viewed.errors, *ended),
        viewed.failed,
        viewed.hosts,
        viewed.elements,
    )


def _not_run(page: PageUnderTest, checks: Sequence[Check], tests: Sequence[PageTest], reason: str) -> BrowserReport:
    results = [CheckOutcome(check, page.target, Verdict.NOT_RUN, reason) for check in (*checks, *_expressions(tests))]
    return BrowserReport(results[: len(checks)], not_run=reason, tested=results[len(checks) :])
