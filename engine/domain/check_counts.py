"""Counts checks: the request's, those of earlier rounds, and the service's own. Advice is not counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.domain.checks import ADVICE, OF_EARLIER, REQUESTED, WRONG, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one group of checks. Only `held` and `failed` are decided; `of` is the total."""

    held: int
    failed: int
    not_run: int
    unverifiable: int
    of: int

    @classmethod
    def of_verdicts(cls, verdicts: Collection[str]) -> Tally:
        held, not_run, unverifiable = (
            sum(one == verdict for one in verdicts) for verdict in (Verdict.PASS, Verdict.NOT_RUN, Verdict.UNVERIFIABLE)
        )
        failed = sum(one in WRONG for one in verdicts)
        return cls(held, failed, not_run, unverifiable, len(verdicts))

    @property
    def decided(self) -> int:
        return self.held + self.failed

    @property
    def undecided(self) -> str:
        """Return the number of undecided checks in words; "" if all are decided."""
        return f", {self.of - self.decided} not decided" if self.of > self.decided else ""

    def __str__(self) -> str:
        return f"{self.held} of {self.of}"

    def data(self) -> dict[str, int]:
        """Return the counts for JSON."""
        return {
            "held": self.held,
            "decided": self.decided,
            "of": self.of,
            "not_run": self.not_run,
            "unverifiable": self.unverifiable,
        }


@dataclass(frozen=True, slots=True)
class CheckCounts:
    """The counted checks of one attempt."""

    request: Tally
    earlier: Tally
    own: Tally

    def __str__(self) -> str:
        holds = "holds" if self.request.held == 1 else "hold"
        parts = [
            f"{self.request} of the request's checks {holds}{self.request.undecided}"
            if self.request.of
            else "no checks of the request"
        ]
        parts += [
            f"{name}: {tally}{tally.undecided}"
            for name, tally in (("earlier rounds", self.earlier), ("own checks", self.own))
            if tally.of
        ]
        return "; ".join(parts)

    def data(self) -> dict[str, dict[str, int]]:
        """Return the counts for JSON."""
        return {"request": self.request.data(), "earlier": self.earlier.data(), "own": self.own.data()}


def count_checks(checks: Iterable[tuple[str, str]]) -> CheckCounts:
    """Count pairs of kind and verdict, one pair for each check."""
    request, earlier, own = list[str](), list[str](), list[str]()
    for kind, verdict in checks:
        if kind in REQUESTED:
            request.append(verdict)
        elif kind in OF_EARLIER:
            earlier.append(verdict)
        elif kind not in ADVICE:
            own.append(verdict)
    return CheckCounts(*map(Tally.of_verdicts, (request, earlier, own)))
