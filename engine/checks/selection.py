"""Ranks the attempts of a round by the results of their checks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from engine.checks.gates import is_barred
from engine.checks.review import review_defects
from engine.domain.checks import ADVICE, OF_EARLIER, WRONG, Kind, Verdict
from engine.site.computed import NO_SCRIPT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.checks import CheckOutcome

_OWN_KINDS = frozenset({Kind.RULE, Kind.GATE})


class _Build(IntEnum):
    """The state of an attempt's build script, the best last."""

    LACKS_SCRIPT = 0
    FAILED = 1
    FINE = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """An attempt with its results. `before` are the results of the attempt that it repairs; `order` is its number."""

    attempt: int
    order: int
    results: Sequence[CheckOutcome]
    before: Sequence[CheckOutcome] = ()

    def rank(self) -> tuple[bool, bool, int, int, int, int, int, int, int, int, int]:
        """Return the key for comparing candidates.

        Its parts in order: no gate bars it, no workflow of it has failed, own rules passed, the request's checks
        passed, fewer regressions, the plan's tests and the build script passed, no page errors, source rules passed,
        fewer defects in the review, its build script ran, or is at least there, the earlier attempt. Of two whose
        build script failed, the later one: a script stops at its first error, so a repair that mended it changes no
        count.
        """
        passed = [r.check.kind for r in self.results if r.verdict is Verdict.PASS]
        own = sum(kind in _OWN_KINDS for kind in passed)
        views = sum(r.check.kind is Kind.PAGE_LOAD and r.verdict is not Verdict.PASS for r in self.results)
        requested = sum(kind not in _OWN_KINDS | ADVICE | OF_EARLIER | {Kind.TEST, Kind.COMPUTED} for kind in passed)
        has_run = not any(r.check.kind is Kind.RUN and r.verdict in WRONG for r in self.results)
        tests, heeded = passed.count(Kind.TEST) + passed.count(Kind.COMPUTED), passed.count(Kind.SOURCE)
        defects = len(review_defects(self.results))
        build = self._build()
        return (
            not self.barred,
            has_run,
            own,
            requested,
            -len(self.regressions()),
            tests,
            -views,
            heeded,
            -defects,
            build,
            self.order if build is _Build.FAILED else -self.order,
        )

    def _build(self) -> _Build:
        """Return the state of its build script; FINE too for an attempt that needs none."""
        failures = [r for r in self.results if r.check.kind is Kind.COMPUTED and r.verdict in WRONG]
        if any(r.detail.startswith(NO_SCRIPT) for r in failures):
            return _Build.LACKS_SCRIPT
        return _Build.FAILED if failures else _Build.FINE

    @property
    def barred(self) -> bool:
        """Whether a gate bars it from being published."""
        return is_barred(self.results)

    def regressions(self) -> list[str]:
        """Return the texts of failing checks that passed in earlier rounds or in the attempt that this one repairs."""
        wrong = [r.check for r in self.results if r.verdict in WRONG]
        held = {r.check.text for r in self.before if r.verdict is Verdict.PASS and r.check.kind not in ADVICE}
        return [check.text for check in wrong if check.kind in OF_EARLIER or check.text in held]


def best(candidates: Sequence[Candidate]) -> Candidate:
    """Return the best candidate; there must be at least one."""
    return max(candidates, key=Candidate.rank)
