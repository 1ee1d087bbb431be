"""How a page opened at one width, as a check's result."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.core.checks import Check, CheckResult, Kind, Target, Verdict

if TYPE_CHECKING:
    from engine.ports import PageView


def view_result(view: PageView, target: Target) -> CheckResult:
    """Return a pass where the page loaded and threw nothing; with what it logged, what it could not get, and its screenshot."""
    wrong = list(view.errors) if view.loaded else ["the page did not load", *view.errors]
    return CheckResult(
        Check(Kind.VIEW, f"The page opens without errors at {view.width} pixels"),
        target,
        Verdict.FAIL if wrong else Verdict.PASS,
        "; ".join(wrong)[:2000],
        {"hosts": {host: list(names) for host, names in view.hosts.items()}, "elements": dict(view.elements)},
        console=(*view.console, *(f"not had: {text}" for text in view.failed)),
        screenshot=view.screenshot,
    )


def width_of(view: CheckResult) -> int:
    """Return the width, in pixels, at which a result of `view_result` was seen; 0 of any other."""
    found = re.fullmatch(r"The page opens without errors at (\d{1,6}) pixels", view.check.text)
    return int(found[1]) if found else 0
