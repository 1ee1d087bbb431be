"""What a model is told about its page: from an attempt's results to the findings of a repair."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.checks import CheckResult, Kind, Verdict
from engine.core.comparisons import comparisons
from engine.core.decision import as_js, repairable
from engine.core.gates import BETWEEN
from engine.core.hints import hints
from engine.core.repair_prompt import Findings
from engine.core.review import GRAVE, STYLE, flaws_in
from engine.core.selectors import MOST_SELECTORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def findings_of(results: Sequence[CheckResult]) -> Findings:
    """Return what failed with what was seen, what the page said, the elements that the failing checks name, and what must stay."""
    wrong = [replace(r, check=as_js(r.check)) for r in repairable(results)]
    views = [r for r in results if r.check.kind is Kind.VIEW]
    said = [line for view in views for line in (view.detail, *view.console) if line]
    kept = [as_js(r.check) for r in results if r.check.kind is Kind.EARLIER and r.verdict is Verdict.PASS]
    advice = [r.detail for r in results if r.check.kind is Kind.SOURCE and r.verdict is not Verdict.PASS and r.detail]
    seen = "\n".join(_seen(views))
    return Findings(
        failing=[r for r in wrong if r.check.kind is not Kind.GATE],
        refused=[one for r in wrong if r.check.kind is Kind.GATE for one in r.detail.split(BETWEEN)],
        said=[*said, *advice],
        review=[*flaws_in(results, GRAVE), *flaws_in(results, STYLE)],
        seen=seen,
        hints=(*_compared(wrong, views), *hints(seen, *said, *(r.detail for r in wrong))),
        kept=kept,
    )


def _compared(wrong: Sequence[CheckResult], views: Sequence[CheckResult]) -> list[str]:
    expressions = [r.check.text for r in wrong if r.check.kind is Kind.JS]
    return list(dict.fromkeys(comparisons(expressions, _elements(views))))[:MOST_SELECTORS]


def _seen(views: Sequence[CheckResult]) -> Iterator[str]:
    for selector, shown in _elements(views).items():
        yield f"{selector}: {shown or 'no such element'}"


def _elements(views: Sequence[CheckResult]) -> Mapping[str, str]:
    """Return what stands on the page by selector, as the first view that looked has it."""
    for view in views:
        elements = view.value.get("elements") if isinstance(view.value, dict) else None
        if isinstance(elements, dict) and elements:
            return {str(selector): str(shown or "") for selector, shown in elements.items()}
    return {}
