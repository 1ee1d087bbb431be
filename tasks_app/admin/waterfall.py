"""A run's steps along time: the length of each, and when it worked rather than waited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tasks_app.reports.display import short
from tasks_app.reports.durations import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tasks_app.models import Attempt, NotificationAttempt, Round, StepRun
    from tasks_app.reports.round_report import RoundReport

#: The width of a whole line in the bars' unit; the page scales it.
WIDTH = 1000
NARROWEST = 4
MOST_STEPS = 60
MOST_MARKS = 200

Span = tuple["datetime", "datetime"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a line, in units of WIDTH. `kind` is wait or busy."""

    kind: str
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Line:
    """A step: its bars, its duration, its outcome."""

    name: str
    outcome: str
    took: str
    detail: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a round and its whole duration."""

    number: int
    took: str
    lines: tuple[Line, ...]


def waterfall(report: RoundReport) -> list[Run]:
    """Return a round's runs, the newest first."""
    row, steps, work = report.row, report.steps[-MOST_STEPS:], list(_work(report))
    return [
        _run(row, number, [s for s in steps if s.run == number], work, row.finished_at or report.now)
        for number in sorted({step.run for step in steps}, reverse=True)
    ]


def _run(row: Round, number: int, steps: list[StepRun], work: list[Span], until: datetime) -> Run:
    start = row.started_at if number == row.run else row.created_at if number == 1 else steps[0].started_at
    start = min(start, steps[0].started_at)
    end = max(step.ended_at or until for step in steps)
    scale = _Scale(start, max((end - start).total_seconds(), 0.001))
    lines = [_line(step, work, scale, until) for step in steps]
    queued = (steps[0].started_at - start).total_seconds()
    if queued > 0:
        bars = (scale.bar("wait", start, steps[0].started_at),)
        lines.insert(0, Line("queue", "", duration(queued), "until a worker took it", bars))
    return Run(number, duration(scale.length), tuple(lines))


@dataclass(frozen=True, slots=True)
class _Scale:
    start: datetime
    length: float

    def bar(self, kind: str, start: datetime, end: datetime) -> Bar:
        """Return a span as a bar that is wide enough to be visible."""
        x = (start - self.start).total_seconds() / self.length * WIDTH
        width = (end - start).total_seconds() / self.length * WIDTH
        x = min(max(round(x), 0), WIDTH - NARROWEST)
        return Bar(kind, x, min(max(round(width), NARROWEST), WIDTH - x))


def _line(step: StepRun, work: Iterable[Span], scale: _Scale, until: datetime) -> Line:
    end = step.ended_at or until
    busy = [(max(a, step.started_at), min(b, end)) for a, b in work if a <= end and b >= step.started_at]
    bars = (scale.bar("wait", step.started_at, end), *(scale.bar("busy", a, b) for a, b in busy))
    took = duration((end - step.started_at).total_seconds())
    return Line(step.step, step.outcome or "open", took, short(step.detail, 300), bars)


def _work(report: RoundReport) -> Iterator[Span]:
    """Yield the spans of outside requests: model calls, polls of Pages, callbacks."""
    calls: list[Attempt | NotificationAttempt] = [*report.attempts[-MOST_MARKS:], *report.callbacks[-MOST_MARKS:]]
    for one in calls:
        ended = report.now if one.seconds is None else one.started_at + timedelta(seconds=one.seconds)
        yield one.started_at, ended
    yield from ((look.at, look.at) for look in report.looks[-MOST_MARKS:])
