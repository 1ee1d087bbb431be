from __future__ import annotations

import pytest

from engine.checks.page_load import IN_ORDER, in_order_result, page_load_result, width_of
from engine.domain.browser_report import BrowserReport, PageView
from engine.domain.checks import ADVICE, Check, CheckOutcome, Kind, Target, Verdict


def view(
    *, loaded: bool = True, errors: tuple[str, ...] = (), failed: tuple[str, ...] = (), console: tuple[str, ...] = ()
) -> PageView:
    return PageView(
        390, loaded, b"\xff\xd8", console, errors, failed, {"cdn.example": ("chart.js 4",)}, {"#total": "<b id=total>"}
    )


@pytest.mark.parametrize("target", [Target.LOCAL, Target.LIVE])
def test_a_page_that_loaded_and_threw_nothing_passes_at_its_width(target: Target) -> None:
    found = page_load_result(view(), target)
    assert found.check == Check(Kind.PAGE_LOAD, "The page opens without errors at 390 pixels")
    assert (found.target, found.verdict, found.detail, found.console) == (target, Verdict.PASS, "", ())
    assert found.screenshot == b"\xff\xd8"
    assert width_of(found) == 390


def test_hosts_and_elements_are_the_value() -> None:
    assert page_load_result(view(), Target.LOCAL).value == {
        "hosts": {"cdn.example": ["chart.js 4"]},
        "elements": {"#total": "<b id=total>"},
    }


@pytest.mark.parametrize(
    ("loaded", "errors", "detail"),
    [
        (True, ("a is not defined", "b"), "a is not defined; b"),
        (False, (), "the page did not load"),
        (False, ("a is not defined",), "the page did not load; a is not defined"),
    ],
)
def test_a_page_that_threw_or_did_not_load_fails_and_says_why(
    loaded: bool, errors: tuple[str, ...], detail: str
) -> None:
    found = page_load_result(view(loaded=loaded, errors=errors), Target.LOCAL)
    assert (found.verdict, found.detail) == (Verdict.FAIL, detail)


def test_console_lines_and_failed_requests_are_reported_and_no_failure() -> None:
    found = page_load_result(view(console=("warning: a",), failed=("b.js 404",)), Target.LOCAL)
    assert (found.verdict, found.console) == (Verdict.PASS, ("warning: a", "not had: b.js 404"))


def test_a_flood_of_errors_is_cut() -> None:
    assert len(page_load_result(view(errors=("x" * 900,) * 9), Target.LOCAL).detail) == 2_000


def report(*checks: tuple[Kind, Verdict, bool | None], not_run: str = "", ran: bool = True) -> BrowserReport:
    results = [
        CheckOutcome(Check(kind, f"check {number}"), Target.LOCAL, verdict)
        for number, (kind, verdict, _) in enumerate(checks, 1)
    ]
    return BrowserReport(results, not_run=not_run, in_order=[held for *_, held in checks] if ran else ())


HOLDS, UNDONE, NOT_REACHED = (
    (Kind.JS, Verdict.PASS, True),
    (Kind.JS, Verdict.PASS, False),
    (Kind.JS, Verdict.PASS, None),
)
FAILS, RULE = (Kind.JS, Verdict.FAIL, False), (Kind.RULE, Verdict.PASS, None)


@pytest.mark.parametrize(
    ("checks", "verdict", "detail"),
    [
        ((HOLDS, HOLDS), Verdict.PASS, ""),
        ((HOLDS, FAILS, RULE), Verdict.PASS, ""),
        (
            (HOLDS, UNDONE, UNDONE),
            Verdict.FAIL,
            "these hold on a page of their own and fail after the checks before them: check 2; check 3",
        ),
        ((HOLDS, NOT_REACHED), Verdict.INCONCLUSIVE, "1 of them were not reached"),
        (
            (UNDONE, NOT_REACHED),
            Verdict.FAIL,
            (
                "these hold on a page of their own and fail after the checks before them: check 1; "
                "1 of them were not reached"
            ),
        ),
    ],
)
def test_what_fails_only_after_other_checks_is_named(
    checks: tuple[tuple[Kind, Verdict, bool | None], ...], verdict: Verdict, detail: str
) -> None:
    found = in_order_result(report(*checks), Target.LIVE)
    assert found is not None
    assert (found.check.text, found.target, found.verdict, found.detail) == (IN_ORDER, Target.LIVE, verdict, detail)
    assert found.value == [held for *_, held in checks]


def test_it_is_advice() -> None:
    found = in_order_result(report(HOLDS, UNDONE), Target.LOCAL)
    assert found is not None
    assert found.check.kind in ADVICE


@pytest.mark.parametrize("checks", [(), (UNDONE,), (HOLDS, RULE)])
def test_a_single_check_has_no_order(checks: tuple[tuple[Kind, Verdict, bool | None], ...]) -> None:
    assert in_order_result(report(*checks), Target.LOCAL) is None


@pytest.mark.parametrize(("why", "detail"), [("no browser", "no browser"), ("", "no time was left for it")])
def test_where_it_was_not_run_it_says_why(why: str, detail: str) -> None:
    found = in_order_result(report(HOLDS, HOLDS, not_run=why, ran=False), Target.LOCAL)
    assert found is not None
    assert (found.verdict, found.detail) == (Verdict.NOT_RUN, detail)
