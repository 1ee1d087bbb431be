"""A table of small pages, their checks and the verdicts, in the machine's Chromium."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.chromium_browser import ChromiumBrowser, Machine
from engine.domain.browser_report import BrowserReport, PageUnderTest
from engine.domain.checks import Check, Kind, Target, Verdict
from tests.doubles.http_server import HttpServer, Script
from tests.engine.check_browser.pages import CASES, HOME, QUICK, Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.browser

JS = {"content-type": "text/javascript"}
MIRRORED = {
    "/cdn.example/npm/marked@4.1.0/marked.js": Script(headers=JS, body=b"function marked() {}"),
    "/cdn.example/npm/bootstrap@5.3.0/b.css": Script(headers={"content-type": "text/css"}, body=b"#x{color:#090909}"),
    "/api.example/private": Script(headers={"access-control-allow-origin": "https://other.example"}, body=b"{}"),
    "/api.example/public": Script(headers={"content-type": "application/json"}, body=b'{"n": 1}'),
    "/never.example/picture.png": Script(hang=True),
}


@pytest.fixture(scope="module")
def mirror() -> Iterator[HttpServer]:
    with HttpServer(MIRRORED) as server:
        yield server


@pytest.fixture(scope="module")
def verify(
    chromium: str, sandbox: bool, mirror: HttpServer, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Case], BrowserReport]:
    """Return what verifies a page of the table, once however many tests ask for it."""
    folder = tmp_path_factory.mktemp("places")
    machine = Machine(folder, chromium, sandbox=sandbox, mirror=mirror.url("").rstrip("/"))

    reports: dict[str, BrowserReport] = {}

    def verified(case: Case) -> BrowserReport:
        if case.name in reports:
            return reports[case.name]
        browser = ChromiumBrowser(replace(machine, window=case.window))
        checks = [Check(Kind.JS, expression) for expression in case.checks]
        page = PageUnderTest(HOME, case.site(), Target.LOCAL)
        reports[case.name] = browser.run(page, checks, seconds=120)
        return reports[case.name]

    return verified


@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=[] if c.name in QUICK else [pytest.mark.slow], id=c.name) for c in CASES]
)
def test_verdicts(case: Case, verify: Callable[[Case], BrowserReport]) -> None:
    report = verify(case)
    assert report.not_run == ""
    assert {r.check.text: str(r.verdict) for r in report.results} == dict(case.checks), _report_text(report)
    for text in case.says:
        assert text in _report_text(report)
    assert [view.width for view in report.views] == [1280, 390]
    for view in report.views:
        assert view.screenshot.startswith(b"\xff\xd8")
        assert 500 < len(view.screenshot) < 400_000


def _report_text(report: BrowserReport) -> str:
    lines = [f"{r.check.text} -> {r.target} {r.verdict}: {r.detail}" for r in report.results]
    for view in report.views:
        lines += [*view.console, *view.errors, *view.failed, *(n for names in view.hosts.values() for n in names)]
    return "\n".join(lines)


def test_the_table_is_long_enough() -> None:
    assert sum(len(case.checks) for case in CASES) >= 70
    assert len({case.name for case in CASES}) == len(CASES)
    assert {case.name for case in CASES} >= QUICK


@pytest.mark.slow
def test_only_a_pass_has_a_time_and_an_empty_page_is_its_own_target(verify: Callable[[Case], BrowserReport]) -> None:
    results = [result for case in CASES[:3] for result in verify(case).results]
    found = {(result.verdict, result.target, result.milliseconds is not None) for result in results}
    assert found == {
        (Verdict.PASS, Target.LOCAL, True),
        (Verdict.FAIL, Target.LOCAL, False),
        (Verdict.ERROR, Target.LOCAL, False),
        (Verdict.INVALID, Target.EMPTY, False),
        (Verdict.VACUOUS, Target.EMPTY, False),
    }
