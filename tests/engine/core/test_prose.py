from __future__ import annotations

import pytest

from engine.core.checks import Check, CheckResult, Kind, Target, Verdict, parse_check
from engine.core.page_tests import BlankPage, PageTest
from engine.core.probes import Asked, Probe, Step, Verb
from engine.core.prose import Prose, undecided
from engine.ports import BrowserReport, PageView

BRIEF = "A page with #total, titled T."
CHECKS = tuple(
    map(
        parse_check,
        [
            "js: true",
            "Repo has MIT license",
            "The page title is 'T'",
            "No console errors",
            "It is pretty",
            "It adds up",
        ],
    )
)
NAMED = Probe(5, "It adds up", (), "document.querySelector('#total').textContent.includes('A')")
GUESS = Probe(5, "It adds up", (Step(Verb.CLICK, "#secret"),), "document.title.length > 9")
GOOD = PageView(1280, True, b"", (), (), (), {})


def came(probe: Probe, verdict: Verdict, detail: str = "false (boolean)") -> CheckResult:
    prose = Prose(CHECKS, [probe], {}, BRIEF)
    result = CheckResult(Check(Kind.PROSE, probe.text), Target.LOCAL, verdict, detail)
    return prose.results(BrowserReport([], [GOOD], tested=[result]), [])[5]


def test_only_the_sentences_that_no_rule_decides_get_a_probe() -> None:
    assert undecided(CHECKS) == (Asked(4, "It is pretty"), Asked(5, "It adds up"))


def test_rules_of_ours_and_probes_are_handed_to_the_browser() -> None:
    prose = Prose(CHECKS, [NAMED], {}, BRIEF)
    assert [check.kind for check in prose.rules] == [Kind.RULE]
    assert "document.title" in prose.rules[0].text
    assert prose.probes == [NAMED]
    assert prose.tests == [PageTest((), NAMED.expression, BlankPage(BRIEF, (("#total", "div"),)))]


def test_a_rules_outcome_becomes_its_sentences() -> None:
    prose = Prose(CHECKS, (), {}, BRIEF)
    result = CheckResult(prose.rules[0], Target.LOCAL, Verdict.PASS, "true (boolean)")
    found = prose.results(BrowserReport([result], [GOOD]), [result])[2]
    assert (found.check, found.verdict, found.detail) == (CHECKS[2], Verdict.PASS, "by our rule: true (boolean)")


def test_a_rule_that_throws_says_nothing_about_the_page() -> None:
    prose = Prose(CHECKS, (), {}, BRIEF)
    result = CheckResult(prose.rules[0], Target.LOCAL, Verdict.ERROR, "Error: left open")
    assert prose.results(BrowserReport([result], [GOOD]), [result])[2].verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("probe", "verdict", "comes_to"),
    [
        (NAMED, Verdict.PASS, Verdict.PASS),
        (NAMED, Verdict.FAIL, Verdict.FAIL),
        (NAMED, Verdict.ERROR, Verdict.INCONCLUSIVE),
        (NAMED, Verdict.TIMEOUT, Verdict.INCONCLUSIVE),
        (NAMED, Verdict.INVALID, Verdict.UNVERIFIABLE),
        (NAMED, Verdict.VACUOUS, Verdict.VACUOUS),
        (NAMED, Verdict.NOT_RUN, Verdict.NOT_RUN),
        (GUESS, Verdict.PASS, Verdict.PASS),
        (GUESS, Verdict.FAIL, Verdict.INCONCLUSIVE),
    ],
)
def test_a_probe_fails_a_page_only_by_what_the_page_was_told(probe: Probe, verdict: Verdict, comes_to: Verdict) -> None:
    found = came(probe, verdict)
    assert (found.check, found.verdict) == (CHECKS[5], comes_to)
    assert found.detail.startswith("by a probe: ")
    assert probe.expression in found.detail


def test_the_guess_is_named() -> None:
    assert "it names what brief and checks do not: secret, 9" in came(GUESS, Verdict.FAIL).detail


def test_a_sentence_without_a_probe_says_why() -> None:
    prose = Prose(CHECKS, [Probe(4, "It is pretty", why_not="not automatable: taste")], {}, BRIEF)
    found = prose.results(BrowserReport([], [GOOD]), [])
    assert (found[4].verdict, found[4].detail) == (Verdict.UNVERIFIABLE, "not automatable: taste")
    assert (found[5].verdict, found[5].detail) == (Verdict.UNVERIFIABLE, "no rule of ours decides this sentence")


def test_a_probe_of_another_sentence_is_not_run() -> None:
    other = Probe(5, "It subtracts", (), "document.links.length > 0")
    assert Prose(CHECKS, [other], {}, BRIEF).probes == []


@pytest.mark.parametrize(
    ("view", "verdict"),
    [
        (GOOD, Verdict.PASS),
        (PageView(1280, True, b"", ("warning: old",), (), (), {}), Verdict.PASS),
        (PageView(1280, True, b"", ("error: oops",), (), (), {}), Verdict.FAIL),
        (PageView(1280, True, b"", (), ("TypeError: x",), (), {}), Verdict.FAIL),
        (PageView(1280, False, b"", (), (), (), {}), Verdict.FAIL),
        (PageView(1280, True, b"", ("error: no $",), (), ("cdn.test: timed out",), {}), Verdict.INCONCLUSIVE),
    ],
)
def test_errors_are_those_of_the_pages_opening(view: PageView, verdict: Verdict) -> None:
    assert Prose(CHECKS, (), {}, BRIEF).results(BrowserReport([], [GOOD, view]), [])[3].verdict is verdict


def test_without_a_browser_nobody_knows_of_errors() -> None:
    found = Prose(CHECKS, (), {}, BRIEF).results(BrowserReport([], not_run="no browser"), [])[3]
    assert (found.verdict, found.detail) == (Verdict.NOT_RUN, "no browser")
