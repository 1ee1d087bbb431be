"""What holds on a page: every system of a run is judged by the same browser, outside of the system."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.suite.api import OtherHosts
from engine.adapters.browser.chromium_browser import WINDOW, ChromiumBrowser, Machine
from engine.domain.browser_report import PageUnderTest
from engine.domain.checks import Check, CheckOutcome, Target, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ADDRESS = "https://someone.github.io/suite/"


class NoBrowserError(RuntimeError):
    """Without a browser there is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Score:
    """So many of so many checks passed."""

    passed: int = 0
    of: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.passed + other.passed, self.of + other.of)

    def __str__(self) -> str:
        return f"{self.passed}/{self.of}" if self.of else "-"


def machine(folder: Path, *, window: float = WINDOW) -> Machine:
    """Return this machine's browser, with places of its own."""
    no_sandbox = os.geteuid() == 0 or bool(os.environ.get("CHROMIUM_NO_SANDBOX"))
    return Machine(folder, os.environ.get("CHROMIUM_PATH", ""), sandbox=not no_sandbox, window=window)


@dataclass(frozen=True, slots=True)
class Judge:
    """Runs checks on files.

    The words of the brief are not told to the browser: it never uses a page on its own here.
    """

    machine: Machine

    def results(
        self, files: Mapping[str, bytes], checks: Sequence[Check], api: Mapping[str, object]
    ) -> list[CheckOutcome]:
        """Return one result a check. Raises NoBrowserError."""
        if not checks:
            return []
        with OtherHosts() as hosts:
            hosts.answers = api
            browser = ChromiumBrowser(replace(self.machine, mirror=hosts.url("")))
            report = browser.run(PageUnderTest(ADDRESS, files, Target.LOCAL), checks, seconds=120)
        if report.not_run:
            raise NoBrowserError(report.not_run)
        return list(report.results)

    def scores(
        self, files: Mapping[str, bytes], groups: Sequence[Sequence[Check]], api: Mapping[str, object]
    ) -> list[Score]:
        """Return how many passed of each group, all on one visit."""
        results = iter(self.results(files, [check for group in groups for check in group], api))
        return [score([next(results) for _ in group]) for group in groups]


def score(results: Sequence[CheckOutcome]) -> Score:
    """Count what passed. Only a pass is one."""
    return Score(sum(result.verdict is Verdict.PASS for result in results), len(results))
