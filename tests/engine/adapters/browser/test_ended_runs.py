"""What a report says of a run that was ended before its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.adapters.browser import chromium_browser
from engine.adapters.browser.chromium_browser import ChromiumBrowser, Machine
from engine.adapters.browser.job import NO_PAGE, Checked, Started, Viewed
from engine.adapters.browser.process import TIME_OVER, BrowserRun
from engine.domain.browser_report import PageUnderTest
from engine.domain.checks import Check, Kind, Target, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from engine.domain.browser_report import BrowserReport

CHECKS = [Check(Kind.JS, "document.title === 'a'"), Check(Kind.JS, "!!document.querySelector('#b')")]


def report_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: str) -> BrowserReport:
    """Return the report of a run in which the first check held and the second one found no browser any more."""
    events = [
        Started("141"),
        Viewed(1280, True),
        Checked(0, False, "pass"),
        Checked(1, False, "error", f"{NO_PAGE}: x"),
    ]

    def run_job(*_: object) -> BrowserRun:
        none: Any = None
        return BrowserRun(none, none, list(events), ended)

    monkeypatch.setattr(chromium_browser, "run_job", run_job)
    browser = ChromiumBrowser(Machine(folder=tmp_path, executable=__file__, sandbox=False))
    return browser.run(PageUnderTest("https://example.invalid/", {"index.html": b""}, Target.LOCAL), CHECKS, seconds=9)


@pytest.mark.parametrize(
    ("ended", "verdict", "errors"),
    [
        (TIME_OVER, Verdict.NOT_RUN, ()),
        ("the page took more than 1500 MB of memory", Verdict.TIMEOUT, ("the verification was ended: ",)),
        ("", Verdict.ERROR, ()),
    ],
    ids=["our time", "its memory", "it died"],
)
def test_our_own_time_is_no_defect_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: str, verdict: Verdict, errors: tuple[str, ...]
) -> None:
    report = report_of(tmp_path, monkeypatch, ended)
    assert [one.verdict for one in report.results] == [Verdict.PASS, verdict]
    [view] = report.views
    assert len(view.errors) == len(errors)
    assert all(said.startswith(start) for said, start in zip(view.errors, errors, strict=True))
