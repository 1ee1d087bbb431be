"""A browser that opens no page and runs no script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.domain.browser_report import BrowserReport, Computation, PageUnderTest, PageView
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.domain.browser_report import PageTest


class FakeBrowser:
    """Says that a js check holds where the page holds all of its text's words in capitals; `errors` are what every page
    throws, `computed` is what every build script returns."""

    def __init__(self, errors: Sequence[str] = (), computed: Computation | None = None) -> None:
        self.errors, self.computed = tuple(errors), computed or Computation()
        self.scripts: list[tuple[str, Mapping[str, bytes]]] = []
        self.ran: list[tuple[PageUnderTest, tuple[str, ...]]] = []

    def run(
        self, page: PageUnderTest, checks: Sequence[Check], *, seconds: float, tests: Sequence[PageTest] = ()
    ) -> BrowserReport:
        del seconds
        self.ran.append((page, tuple(check.text for check in checks)))
        source = (page.files or {}).get("index.html", b"").decode()
        view = PageView(1280, True, b"", (), self.errors, (), {}, {"#out": "<b>7</b>"})
        expressions = [Check(Kind.JS, test.expression) for test in tests]
        results = [self._result(check, page.target, source) for check in (*checks, *expressions)]
        return BrowserReport(results[: len(checks)], [view], tested=results[len(checks) :])

    def compute(self, script: str, files: Mapping[str, bytes], *, seconds: float, wait: float) -> Computation:
        del seconds, wait
        self.scripts.append((script, files))
        return self.computed

    def _result(self, check: Check, target: Target, source: str) -> CheckOutcome:
        holds = all(word in source for word in re.findall(r"[A-Z]{3,}", check.text))
        verdict = Verdict.PASS if holds or target is Target.LIVE else Verdict.FAIL
        return CheckOutcome(check, target, verdict, "true (boolean)" if holds else "false (boolean)", holds)
