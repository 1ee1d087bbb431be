"""Which attempt is the best, by what its checks gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.checks import Kind, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.core.checks import CheckResult


@dataclass(frozen=True, slots=True)
class Candidate:
    """One attempt with its results; `order` counts the attempts of a run."""

    attempt: int
    order: int
    results: Sequence[CheckResult]

    def rank(self) -> tuple[int, int, int, int]:
        """Return what candidates are compared by: own rules held, the request's checks passed, advice heeded, then the later one."""
        passed = [r.check.kind for r in self.results if r.verdict is Verdict.PASS]
        rules = passed.count(Kind.RULE)
        advice = passed.count(Kind.SOURCE) + passed.count(Kind.VIEW)
        return rules, len(passed) - rules - advice, advice, self.order


def best(candidates: Sequence[Candidate]) -> Candidate:
    """Return the best of at least one candidate."""
    return max(candidates, key=Candidate.rank)
