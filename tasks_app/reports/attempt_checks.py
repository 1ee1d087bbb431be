"""An attempt's check results: one line for each check, with its results before publishing and on the live page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.domain.check_counts import count_checks
from engine.domain.checks import ADVICE, BEFORE_VERIFY, OF_EARLIER, REQUESTED, WRONG, Kind, Target, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from engine.domain.check_counts import CheckCounts
    from tasks_app.models import CheckResult


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check. At least one of `local` (before publishing) and `live` is set."""

    local: CheckResult | None
    live: CheckResult | None

    @property
    def latest(self) -> CheckResult:
        """Return the decisive result: the live one, unless the check could not run there."""
        if self.live is None or (self.local is not None and self.live.verdict == Verdict.NOT_RUN):
            assert self.local is not None
            return self.local
        return self.live

    @property
    def order(self) -> tuple[int, int]:
        """Sort key: the request's checks, then those of earlier rounds, then our own, then advice."""
        sides = (REQUESTED, OF_EARLIER, frozenset(Kind) - ADVICE, ADVICE)
        side = next(at for at, kinds in enumerate(sides) if self.latest.kind in kinds)
        return side, self.latest.position


@dataclass(frozen=True, slots=True)
class AttemptChecks:
    """The checks of one attempt, in display order."""

    lines: tuple[CheckLine, ...] = ()

    @property
    def counts(self) -> CheckCounts:
        """Count the checks by verdict. A live result outranks the one before publishing."""
        return count_checks((line.latest.kind, line.latest.verdict) for line in self.lines)

    @property
    def wrong(self) -> list[CheckResult]:
        """Return the failed results, without advice. A failed build script comes first: it is why others failed."""
        wrong = [x.latest for x in self.lines if x.latest.verdict in WRONG and x.latest.kind not in ADVICE]
        return sorted(wrong, key=lambda result: result.kind != Kind.COMPUTED)

    @property
    def judged(self) -> bool:
        """Say whether the tree was verified: gates and build script come before."""
        return any(line.latest.kind not in BEFORE_VERIFY for line in self.lines)

    def of(self, kinds: Collection[str]) -> list[CheckLine]:
        return [line for line in self.lines if line.latest.kind in kinds]


def by_attempt(results: Iterable[CheckResult]) -> dict[int, AttemptChecks]:
    """Group results by attempt, the oldest attempt first."""
    grouped: dict[int, dict[int, list[CheckResult | None]]] = {}
    for result in results:
        line = grouped.setdefault(result.attempt_id, {}).setdefault(result.position, [None, None])
        line[result.target == Target.LIVE] = result
    return {
        attempt: AttemptChecks(tuple(sorted((CheckLine(*line) for line in lines.values()), key=lambda one: one.order)))
        for attempt, lines in sorted(grouped.items())
    }
