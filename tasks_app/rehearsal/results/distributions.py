"""The distributions of a report, as charts of horizontal bars."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks_app.models import IssuedTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tasks_app.rehearsal.results.report import RehearsalReport

#: In units of the drawing, which the page scales.
WIDTH = 360
LINE = 20
BAR_AT = 100
BAR_WIDTH = 150

_TENTHS = tuple(f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}" for tenth in range(10))
_WHOLE = "exactly 1"
#: The ends of the bars of seconds to the callback, and their names.
_SECONDS = (
    (10, "to 10 s"), (30, "to 30 s"), (60, "to 1 min"), (120, "to 2 min"), (300, "to 5 min"), (600, "to 10 min"),
    (3600, "to 1 h"), (float("inf"), "over 1 h"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChartBar:
    """A bar: its label, its value in words, its vertical place and its width in units of the drawing."""

    label: str
    value: str
    y: int
    width: int

    @property
    def baseline(self) -> int:
        """Where its texts stand."""
        return self.y + 14

    @property
    def value_at(self) -> int:
        """Where its value begins, right of it."""
        return BAR_AT + self.width + 6


@dataclass(frozen=True, slots=True)
class BarChart:
    """A chart and `description`, which says the same in words."""

    title: str
    description: str
    bars: tuple[ChartBar, ...]

    @property
    def height(self) -> int:
        return LINE * len(self.bars)


def charts(report: RehearsalReport) -> list[BarChart]:
    """Return the charts for which there is data."""
    found = (scores(report), seconds_to_callback(report), held_by_kind(report))
    return [one for one in found if one is not None]


def scores(report: RehearsalReport) -> BarChart | None:
    """Return the submissions by score. A whole 1 has a bar of its own. One submission has no distribution."""
    if len(report.submissions) < 2:
        return None
    known = [one.score for one in report.submissions if one.score is not None]
    counts = Counter(_WHOLE if score >= 1 else _TENTHS[int(score * 10)] for score in known)
    unknown = len(report.submissions) - len(known)
    names = [*_TENTHS, _WHOLE, *(["no score yet"] if unknown else [])]
    return _histogram("Submissions by score", "submission", names, counts | Counter({"no score yet": unknown}))


def seconds_to_callback(report: RehearsalReport) -> BarChart | None:
    """Return the accepted rounds by the time from the answer to the callback, without those that are awaited."""
    rounds = (one for one in report.rounds if one.row.state != IssuedTask.Stage.ACCEPTED)
    accepted = [one for one in rounds if one.row.accepted_at or one.row.callback_at]
    counts = Counter("no callback" if one.seconds is None else _span(one.seconds) for one in accepted)
    names = [*(name for _, name in _SECONDS), "no callback"]
    return _histogram("Accepted rounds by time to the callback", "round", names, counts)


def held_by_kind(report: RehearsalReport) -> BarChart | None:
    """Return the share of the decided checks that held, by kind."""
    decided, held = Counter[str](), Counter[str]()
    for one in report.rounds:
        for check in one.checks:
            if check.score is not None:
                decided[check.kind] += 1
                held[check.kind] += not check.failing
    shares = [(kind, held[kind] / of, f"{held[kind]} of {of}") for kind, of in sorted(decided.items())]
    return _chart("Checks that held, by kind", shares, [f"{kind}: {value}" for kind, _, value in shares])


def _span(seconds: float) -> str:
    return next(name for end, name in _SECONDS if seconds <= end)


def _histogram(title: str, unit: str, names: Sequence[str], counts: Counter[str]) -> BarChart | None:
    most = max((counts[name] for name in names), default=0)
    if not most:
        return None
    bars = [(name, counts[name] / most, str(counts[name])) for name in names]
    words = [f"{name}: {counts[name]} {unit}{'' if counts[name] == 1 else 's'}" for name in names if counts[name]]
    return _chart(title, bars, words)


def _chart(title: str, bars: Sequence[tuple[str, float, str]], words: Iterable[str]) -> BarChart | None:
    drawn = (
        ChartBar(label, value, LINE * at, max(round(BAR_WIDTH * share), 1) if share else 0)
        for at, (label, share, value) in enumerate(bars)
    )
    return BarChart(title, "; ".join(words), tuple(drawn)) if bars else None
