"""Turns an attempt's results into the findings for a repair prompt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.checks.decision import as_js, repairable
from engine.checks.gates import BETWEEN, ENDINGS
from engine.checks.page_load import width_of
from engine.checks.review import review_defects
from engine.domain.checks import CheckOutcome, Kind, Target, Verdict
from engine.formats.expressions import MOST_SELECTORS
from engine.prompts.comparisons import comparisons
from engine.prompts.hints import hints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ON_FILES = frozenset({Kind.FILE, Kind.REGRESSION, Kind.COMPUTED, Kind.GATE, Kind.SOURCE, Kind.REVIEW})
_ON_PAGE = frozenset({Kind.JS, Kind.EARLIER, Kind.PAGE_LOAD})


@dataclass(frozen=True, slots=True)
class Findings:
    """The defects of an attempt.

    `failing`: results whose `detail` has the actual value and its type; `how_seen` says where each was decided.
    `refused`: sentences of the gates, with file and line.
    `browser_messages`: exceptions, console errors and failed requests of the page.
    `page_elements`: the elements that failing checks name, one a line (`#total: <b id="total">$600.00</b>`).
    `run_log`: the last lines of the log of a workflow's job that failed.
    `hints`: sentences on the likely cause.
    `review`: defects of the source with file and line.
    """

    failing: Sequence[CheckOutcome] = ()
    how_seen: Sequence[str] = ()
    refused: Sequence[str] = ()
    browser_messages: Sequence[str] = ()
    page_elements: str = ""
    run_log: Sequence[str] = ()
    hints: Sequence[str] = ()
    review: Sequence[str] = ()


def findings_of(results: Sequence[CheckOutcome]) -> Findings:
    """Return the findings in an attempt's results."""
    wrong = [replace(r, check=as_js(r.check)) for r in repairable(results)]
    views = [r for r in results if r.check.kind is Kind.PAGE_LOAD]
    browser_messages = [line for view in views for line in (view.detail, *view.console) if line]
    advice = [r.detail for r in results if r.check.kind is Kind.SOURCE and r.verdict is not Verdict.PASS and r.detail]
    elements = _elements(views)
    page_elements = "\n".join(f"{selector}: {shown or 'no such element'}" for selector, shown in elements.items())
    # A build script that fails comes first: it is why other checks fail, and a prompt shows only the first ones.
    failing = sorted((r for r in wrong if not _is_refusal(r)), key=lambda r: r.check.kind is not Kind.COMPUTED)
    width = max(map(width_of, views), default=0)  # expressions are evaluated at the larger width
    return Findings(
        failing=failing,
        how_seen=[how_seen(r, width) for r in failing],
        refused=[one for r in wrong if _is_refusal(r) for one in r.detail.split(BETWEEN)],
        browser_messages=[*browser_messages, *advice],
        review=review_defects(results),
        page_elements=page_elements,
        run_log=tuple(line for r in wrong for line in _log_of(r)),
        hints=(*_compared(wrong, elements), *hints(page_elements, *browser_messages, *(r.detail for r in wrong))),
    )


def _is_refusal(result: CheckOutcome) -> bool:
    """Say whether a result names what must not be in the files. The gate for their ends names what is not in them."""
    return result.check.kind is Kind.GATE and result.check.text != ENDINGS


def how_seen(result: CheckOutcome, width: int = 0) -> str:
    """Return a phrase on where a result was decided; `width` in pixels is the width for expressions.

    A result with a value or a time was evaluated on a page, whatever its kind.
    """
    if result.check.kind is Kind.RUN:
        return "by GitHub Actions, on the published commit"
    evaluated = result.value is not None or result.milliseconds is not None
    if result.check.kind in _ON_FILES or not (evaluated or result.check.kind in _ON_PAGE):
        return "on the files"
    page = "on the published page" if result.target is Target.LIVE else "on a fresh page"
    at = f" at {width} px" if width else ""
    duration = f", asked for {round(result.milliseconds / 1000, 1):g} s" if result.milliseconds is not None else ""
    return f"{page}{at}{duration}"


def _log_of(result: CheckOutcome) -> Sequence[str]:
    log = result.value.get("log") if result.check.kind is Kind.RUN and isinstance(result.value, dict) else None
    return [str(line) for line in log] if isinstance(log, list) else []


def _compared(wrong: Sequence[CheckOutcome], elements: Mapping[str, str]) -> list[str]:
    expressions = [r.check.text for r in wrong if r.check.kind is Kind.JS]
    return list(dict.fromkeys(comparisons(expressions, elements)))[:MOST_SELECTORS]


def _elements(views: Sequence[CheckOutcome]) -> Mapping[str, str]:
    """Return the elements' HTML by selector, from the first view that has any."""
    for view in views:
        elements = view.value.get("elements") if isinstance(view.value, dict) else None
        if isinstance(elements, dict) and elements:
            return {str(selector): str(shown or "") for selector, shown in elements.items()}
    return {}
