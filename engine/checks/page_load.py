"""Results for information: how a page loaded at one width, and all checks in order on one page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict

if TYPE_CHECKING:
    from engine.domain.browser_report import BrowserReport, PageView

IN_ORDER = "All checks in order on one page"


def page_load_result(view: PageView, target: Target) -> CheckOutcome:
    """Return a pass if the page loaded without errors. The value holds foreign hosts and elements."""
    wrong = list(view.errors) if view.loaded else ["the page did not load", *view.errors]
    return CheckOutcome(
        Check(Kind.PAGE_LOAD, f"The page opens without errors at {view.width} pixels"),
        target,
        Verdict.FAIL if wrong else Verdict.PASS,
        "; ".join(wrong)[:2000],
        {"hosts": {host: list(names) for host, names in view.hosts.items()}, "elements": dict(view.elements)},
        console=(*view.console, *(f"not had: {text}" for text in view.failed)),
        screenshot=view.screenshot,
    )


def width_of(view: CheckOutcome) -> int:
    """Return the width in pixels of a result of `page_load_result`; 0 for another result."""
    found = re.fullmatch(r"The page opens without errors at (\d{1,6}) pixels", view.check.text)
    return int(found[1]) if found else 0


def in_order_result(report: BrowserReport, target: Target) -> CheckOutcome | None:
    """Return whether the checks that pass alone also pass in order on one page; None for fewer than two JS checks.

    This is advice: most evaluators open a fresh page for each check, and a check may undo the effect of another one.
    """
    check = Check(Kind.REVIEW, IN_ORDER)
    if sum(result.check.kind is Kind.JS for result in report.results) < 2:
        return None
    if not report.in_order:
        return CheckOutcome(check, target, Verdict.NOT_RUN, report.not_run or "no time was left for it")
    alone = [
        (result.check.text, held)
        for result, held in zip(report.results, report.in_order, strict=True)
        if result.verdict is Verdict.PASS and result.check.kind is Kind.JS
    ]
    failing = [text for text, held in alone if held is False]
    unknown = sum(held is None for _, held in alone)
    detail = (
        f"these hold on a page of their own and fail after the checks before them: {'; '.join(failing)}"
        if failing
        else ""
    )
    if unknown:
        detail = f"{detail}{'; ' if detail else ''}{unknown} of them were not reached"
    verdict = Verdict.FAIL if failing else Verdict.INCONCLUSIVE if unknown else Verdict.PASS
    return CheckOutcome(check, target, verdict, detail[:2000], list(report.in_order))
