from __future__ import annotations

from dataclasses import dataclass, field

from engine.core.budget import fresh
from engine.core.checks import Check, CheckResult, Kind, Target, Verdict, parse_check
from engine.core.decision import Purpose, Tried
from engine.core.repository import licence
from engine.core.selection import Candidate
from engine.ports import BrowserReport, PageUnderTest, PageView
from engine.steps.verify import NewTree, VerifyInput, verify
from tests.fakes import NOW, PAGE, README, make_ports

FILES = {"index.html": PAGE, "README.md": README, "LICENSE": licence(2026, "x")}
CHECKS = (parse_check("js: true"), parse_check("Repo has MIT license"), parse_check("It is pretty"))
URL = "https://owner.github.io/repo/"


@dataclass
class FakeBrowser:
    """Answers with what a test planned; `asked` keeps what it was given."""

    report: BrowserReport
    asked: list[tuple[PageUnderTest, tuple[Check, ...], float]] = field(default_factory=list)

    def run(self, page: PageUnderTest, checks: tuple[Check, ...], *, seconds: float) -> BrowserReport:
        self.asked.append((page, tuple(checks), seconds))
        return self.report


def verifying(**over: object) -> VerifyInput:
    task = {
        "new": NewTree(7, Purpose.GENERATE, FILES),
        "tried": (),
        "url": URL,
        "words": "the brief",
        "checks": CHECKS,
        "budget": fresh(NOW, 600),
    }
    return VerifyInput(**task | over)


def js(verdict: Verdict, target: Target = Target.LOCAL, detail: str = "") -> CheckResult:
    return CheckResult(CHECKS[0], target, verdict, detail)


def test_our_rules_come_first_and_then_each_check_in_order() -> None:
    outcome = verify(verifying(), make_ports())
    verdicts = [r.verdict for r in outcome.results]
    assert verdicts[:6] == [Verdict.PASS] * 3 + [Verdict.NOT_RUN, Verdict.PASS, Verdict.UNVERIFIABLE]
    assert (outcome.attempt, outcome.decision.attempt) == (7, 7)
    assert "4 of 6 checks passed, 1 not run: this machine runs no check browser" in outcome.detail


def test_the_best_attempt_is_chosen_and_not_the_last() -> None:
    results = [CheckResult(Check(Kind.RULE, str(n)), Target.LOCAL, Verdict.PASS) for n in range(5)]
    better = Tried(3, Purpose.GENERATE, "d", results)
    assert verify(verifying(tried=(better,)), make_ports()).decision.attempt == 3


def test_only_of_a_tree_that_is_published_it_is_said_that_it_was_not_checked() -> None:
    alone = verify(verifying(unchecked="five died of it"), make_ports())
    assert (alone.decision.attempt, alone.warnings) == (7, ("The page is published unchecked: five died of it",))
    better = Tried(3, Purpose.GENERATE, "d", verify(verifying(), make_ports()).results)
    beside = verify(verifying(tried=(better,), unchecked="five died of it"), make_ports())
    assert (beside.attempt, beside.decision.attempt, beside.warnings) == (7, 3, ())


def test_a_browser_decides_the_js_checks_and_them_alone() -> None:
    browser = FakeBrowser(BrowserReport([js(Verdict.FAIL)]))
    outcome = verify(verifying(), make_ports(browser=browser))
    assert [r.verdict for r in outcome.results[3:6]] == [Verdict.FAIL, Verdict.PASS, Verdict.UNVERIFIABLE]
    assert browser.asked == [(PageUnderTest(URL, FILES, Target.LOCAL), (CHECKS[0],), 60.0)]


def test_a_page_without_js_checks_is_opened_all_the_same() -> None:
    browser = FakeBrowser(BrowserReport((), [PageView(1280, True, b"jpeg", (), (), (), {})]))
    outcome = verify(verifying(checks=CHECKS[1:]), make_ports(browser=browser))
    assert browser.asked[0][1] == ()
    assert (outcome.results[-1].check.kind, outcome.results[-1].verdict) == (Kind.VIEW, Verdict.PASS)


def test_each_view_is_a_result_with_its_screenshot_and_what_the_page_said() -> None:
    good = PageView(1280, True, b"jpeg", ("error: oops (x:7)",), (), ("cdn.test: timed out",), {"cdn.test": ["d3@7"]})
    bad = PageView(390, True, b"", (), ("TypeError: x",), (), {})
    outcome = verify(verifying(), make_ports(browser=FakeBrowser(BrowserReport([js(Verdict.PASS)], [good, bad]))))
    wide, narrow = outcome.results[-2:]
    assert (wide.verdict, wide.screenshot) == (Verdict.PASS, b"jpeg")
    assert wide.console == ("error: oops (x:7)", "not had: cdn.test: timed out")
    assert wide.value == {"hosts": {"cdn.test": ["d3@7"]}, "elements": {}}
    assert (narrow.verdict, narrow.detail) == (Verdict.FAIL, "TypeError: x")


def test_advice_never_outweighs_a_check_of_the_request() -> None:
    views = [CheckResult(Check(Kind.VIEW, str(n)), Target.LOCAL, Verdict.PASS) for n in range(9)]
    rules = [CheckResult(Check(Kind.RULE, str(n)), Target.LOCAL, Verdict.PASS) for n in range(3)]
    pretty, right = Candidate(1, 1, [*rules, *views]), Candidate(2, 2, [*rules, js(Verdict.PASS)])
    assert pretty.rank() < right.rank()


def test_a_browser_that_cannot_be_used_is_said_and_stops_nothing() -> None:
    report = BrowserReport([js(Verdict.NOT_RUN, detail="no Chromium was found on this machine")], not_run="no Chromium")
    outcome = verify(verifying(), make_ports(browser=FakeBrowser(report)))
    assert "1 not run: no Chromium was found on this machine" in outcome.detail
