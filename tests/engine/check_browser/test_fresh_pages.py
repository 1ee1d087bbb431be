"""Each check has a page of its own, is not evaluated again once it held, and causes no more requests to a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.chromium_browser import ChromiumBrowser, Machine
from engine.checks.page_load import in_order_result
from engine.domain.browser_report import BrowserReport, PageUnderTest
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict, parse_check
from tests.doubles.http_server import HttpServer, Script
from tests.engine.check_browser.pages import HOME

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser

PAGE = b"""<!doctype html><title>Toggle</title><body><button id=dark>Dark</button><ul id=notes></ul>
<script>
document.querySelector('#dark').addEventListener('click', () => {
  document.body.classList.toggle('dark');
  localStorage.setItem('clicks', Number(localStorage.getItem('clicks')) + 1);
  window.sent = fetch('https://clicks.example/', { method: 'POST', mode: 'no-cors' });
});
for (const name of ['first', 'second'])
  fetch('https://api.example/data').then(a => a.text()).then(text => { document.body.dataset[name] = text });
</script></body>"""
IS_DARK = "document.body.classList.contains('dark')"
TOGGLES = f"(() => {{ document.querySelector('#dark').click(); return {IS_DARK} }})()"
TOGGLES_TOO = f"document.querySelector('#dark').click() || {IS_DARK}"
DESTROYS = "(document.body.innerHTML = '', document.title === 'Toggle' && document.querySelector('#dark') === null)"
LEAVES = "history.back() || document.nowhere"
STORES_NOTHING = "localStorage.getItem('clicks') === null && document.querySelector('#dark') !== null"
HAS_DATA = "document.body.dataset.first === '7' && document.body.dataset.second === '7'"
FAILS = "document.querySelectorAll('#notes li').length === 1"

#: As a request has them: with and without `js:`, and in an object.
CHECKS = (
    f"js: {TOGGLES}",
    TOGGLES_TOO,
    {"js": STORES_NOTHING, "points": 2},
    HAS_DATA,
    DESTROYS,
    "!!document.querySelector('#dark')",
    FAILS,
)


@pytest.fixture(scope="module")
def world() -> Iterator[HttpServer]:
    """Return the hosts that the page asks."""
    scripts = {"/clicks.example/": Script(), "/api.example/data": Script(body=b"7")}
    with HttpServer(scripts) as server:
        yield server


@pytest.fixture(scope="module")
def quick_machine(chromium: str, sandbox: bool, world: HttpServer, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    folder = tmp_path_factory.mktemp("places")
    return Machine(folder, chromium, sandbox=sandbox, mirror=world.url("").rstrip("/"), window=1.0)


def verified(machine: Machine, *checks: Check) -> BrowserReport:
    page = PageUnderTest(HOME, {"index.html": PAGE}, Target.LOCAL)
    return ChromiumBrowser(machine).run(page, checks, seconds=200)


def asked(world: HttpServer, path: str) -> int:
    return sum(one.path == path for one in world.asked)


@pytest.fixture(scope="module")
def verification(quick_machine: Machine, world: HttpServer) -> tuple[BrowserReport, int]:
    """Return the report of one verification of all checks, and how often it fetched the page's data."""
    checks = [*map(parse_check, CHECKS), Check(Kind.RULE, TOGGLES), Check(Kind.EARLIER, LEAVES)]
    before = asked(world, "/api.example/data")
    report = verified(quick_machine, *checks)
    return report, asked(world, "/api.example/data") - before


@pytest.fixture
def report(verification: tuple[BrowserReport, int]) -> BrowserReport:
    return verification[0]


def result_of(report: BrowserReport, text: str) -> CheckOutcome:
    return next(result for result in report.results if result.check.text == text)


@pytest.mark.slow
def test_a_check_that_clicks_and_reads_holds_and_so_does_another_that_clicks_the_same(report: BrowserReport) -> None:
    assert [result_of(report, text).verdict for text in (TOGGLES, TOGGLES_TOO)] == [Verdict.PASS] * 2
    assert [result.verdict for result in report.results if result.check.kind is Kind.RULE] == [Verdict.PASS]


def test_what_a_check_stores_or_destroys_is_there_for_itself_alone(report: BrowserReport) -> None:
    for text in (STORES_NOTHING, DESTROYS, "!!document.querySelector('#dark')"):
        assert result_of(report, text).verdict is Verdict.PASS
    assert result_of(report, LEAVES).verdict is Verdict.ERROR


@pytest.mark.slow
def test_in_order_on_one_page_it_comes_out_otherwise_and_is_no_verdict(report: BrowserReport) -> None:
    held = dict(zip([r.check.text for r in report.results if r.check.kind is Kind.JS], report.in_order, strict=False))
    assert held == {
        TOGGLES: True,
        TOGGLES_TOO: False,
        STORES_NOTHING: False,
        HAS_DATA: True,
        DESTROYS: True,
        "!!document.querySelector('#dark')": False,
        FAILS: False,
    }
    assert report.in_order[-2:] == [None, None]  # a rule of ours, and a check of an earlier round
    information = in_order_result(report, Target.LOCAL)
    assert information is not None
    assert information.verdict is Verdict.FAIL
    assert TOGGLES_TOO in information.detail
    assert FAILS not in information.detail


def test_the_views_show_the_page_as_it_opens(report: BrowserReport) -> None:
    assert [view.width for view in report.views] == [1280, 390]
    assert report.views[0].errors == ()
    assert report.views[0].elements == {"#notes li": ""}


def test_pages_that_ask_a_host_alike_share_its_answers(verification: tuple[BrowserReport, int]) -> None:
    report, requests = verification
    assert result_of(report, HAS_DATA).verdict is Verdict.PASS
    assert requests == 2  # once for each time that one page asks


@pytest.mark.slow
def test_what_held_is_never_evaluated_again(quick_machine: Machine, world: HttpServer) -> None:
    before = asked(world, "/clicks.example/")
    # The check waits for the request of its click: the page is closed as soon as the check holds.
    clicks = f"(async () => {{ const dark = {TOGGLES}; await window.sent; return dark }})()"
    report = verified(quick_machine, Check(Kind.JS, clicks))
    assert (report.results[0].verdict, report.in_order) == (Verdict.PASS, ())
    assert asked(world, "/clicks.example/") == before + 1
