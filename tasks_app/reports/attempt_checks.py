"""What the checks gave for one attempt: each check once, before publishing and on the live page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.domain.check_counts import count_checks
from engine.domain.checks import ADVICE, OF_EARLIER, REQUESTED, WRONG, Kind, Target, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from engine.domain.check_counts import CheckCounts
    from tasks_app.models import CheckResult


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check. At least one of `local` (before publishing) and `live` is there."""

    local: CheckResult | None
    live: CheckResult | None

    @property
    def latest(self) -> CheckResult:
        """Return the result that counts: the live one, unless the check could not be run there."""
        if self.live is None or (self.local is not None and self.live.verdict == Verdict.NOT_RUN):
            assert self.local is not None
            return self.local
        return self.live

    @property
    def order(self) -> tuple[int, int]:
        """Sort the request's checks before those of earlier rounds, our own after both, and advice last."""
        sides = (REQUESTED, OF_EARLIER, frozenset(Kind) - ADVICE, ADVICE)
        side = next(at for at, kinds in enumerate(sides) if self.latest.kind in kinds)
        return side, self.latest.position


@dataclass(frozen=True, slots=True)
class AttemptChecks:
    """The checks of one attempt in the order in which they are shown."""

    lines: tuple[CheckLine, ...] = ()

    @property
    def counts(self) -> CheckCounts:
        """Count them: what was found on the live page has the last word."""
        return count_checks((line.latest.kind, line.latest.verdict) for line in self.lines)

    @property
    def wrong(self) -> list[CheckResult]:
        """Return what failed, less advice."""
        return [x.latest for x in self.lines if x.latest.verdict in WRONG and x.latest.kind not in ADVICE]

    @property
    def judged(self) -> bool:
        """Say whether more than the gates before the check browser was run."""
        return any(line.latest.kind != Kind.GATE for line in self.lines)

    def of(self, kinds: Collection[str]) -> list[CheckLine]:
        return [line for line in self.lines if line.latest.kind in kinds]


def by_attempt(results: Iterable[CheckResult]) -> dict[int, AttemptChecks]:
    """Group the results of any attempts, by attempt, the oldest first."""
    found: dict[int, dict[int, list[CheckResult | None]]] = {}
    for result in results:
        line = found.setdefault(result.attempt_id, {}).setdefault(result.position, [None, None])
        line[result.target == Target.LIVE] = result
    return {
        attempt: AttemptChecks(tuple(sorted((CheckLine(*line) for line in lines.values()), key=lambda one: one.order)))
        for attempt, lines in sorted(found.items())
    }
