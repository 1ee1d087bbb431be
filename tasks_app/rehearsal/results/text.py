"""A report as text for a terminal."""

from __future__ import annotations

import textwrap
from datetime import UTC
from itertools import groupby
from typing import TYPE_CHECKING

from tasks_app.models import IssuedTask
from tasks_app.rehearsal.results.report import score_text
from tasks_app.reports.display import short, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tasks_app.rehearsal.results.report import (
        RehearsalReport,
        ReportedCheck,
        ReportedRound,
        ReportedSubmission,
        ReportTotals,
    )

    Plain = Callable[[str], str]

#: More submissions than these get one line each.
MOST_IN_FULL = 20
MOST_FREQUENT = 15
_LONGEST_TEXT = 400  # characters of a check's text or of its reason
_SAME = 4  # checks in a row that fail for the same reason are told of together
_SHORTEST_COLUMN = 20
_NARROWEST = 60
_INDENT = "    "

#: Our own signs for what cannot be seen or was cut, where the stream has only ASCII.
_ASCII = str.maketrans({"…": "...", "⟨": "<", "⟩": ">"})

_ROUND_HEADINGS = ("ROUND", "REQUEST", "CALLBACK", "SCORE", "HELD", "UNDECIDED")
_SUBMISSION_HEADINGS = ("SCORE", "ACCEPTED", "CALLED BACK", "LATE", "FAILING", "UNDECIDED")


def as_text(report: RehearsalReport, *, width: int = 100, encoding: str = "utf-8") -> str:
    """Return the table of results, `width` columns wide.

    What `encoding` cannot write is escaped. More than MOST_IN_FULL submissions are summarised: one line each, and the
    checks that fail most often.
    """
    width = max(width, _NARROWEST)

    def plain(text: str) -> str:
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
        return text

    lines = [*_heading(report, width, plain), ""]
    if not report.submissions:
        lines += ["There is no submission.", ""]
    elif len(report.submissions) > MOST_IN_FULL:
        lines += [*_class(report, width, plain), "", *_frequent(report, width, plain)]
    else:
        for submission in report.submissions:
            lines += [*_submission(submission, width, plain), ""]
    return "\n".join([*lines, *_totals(report, width)])


def _heading(report: RehearsalReport, width: int, plain: Plain) -> list[str]:
    begun = f"{report.rehearsal.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    name, state = short(report.rehearsal.name, 100), report.progress or "ended"
    return _wrapped(f"Rehearsal {name}, begun {begun}, {state}", width, plain)


def _submission(submission: ReportedSubmission, width: int, plain: Plain) -> Iterator[str]:
    yield from _wrapped(f"{submission.row.email} at {submission.row.endpoint}", width, plain)
    if not submission.rounds:
        yield f"{_INDENT}No task has been issued yet."
        return
    cells = [_round_cells(one) for one in submission.rounds]
    names = [plain(short(one.row.task, 200)) for one in submission.rounds]
    table = iter(
        _table(("TASK", *_ROUND_HEADINGS), [(name, *row) for name, row in zip(names, cells, strict=True)], width)
    )
    yield next(table)
    for one, line in zip(submission.rounds, table, strict=True):
        yield line
        if note := _note(one.row):
            yield from _wrapped(note, width, plain, _INDENT)
        yield from _checks([check for check in one.checks if check.failing or check.score is None], width, plain)


def _note(row: IssuedTask) -> str:
    tries = f"sent {row.tries} times" if row.tries > 1 else ""
    return ": ".join(part for part in (tries, short(row.error, _LONGEST_TEXT)) if part)


def _round_cells(one: ReportedRound) -> tuple[str, ...]:
    held = f"{one.held} of {one.decided}" if one.decided else "-"
    cells = (request_text(one.row), callback_text(one), score_text(one.score), held, one.undecided or "-")
    return str(one.row.round), *map(str, cells)


def request_text(row: IssuedTask) -> str:
    """Return how the request fared, in two words at most."""
    if row.accepted_at:
        return "accepted"
    if row.state == IssuedTask.Stage.SENDING:
        return "being sent"
    if not row.tries:
        return "not sent"
    return f"HTTP {row.status_code}" if row.status_code else "no answer"


def callback_text(one: ReportedRound) -> str:
    """Return after how many seconds the callback came."""
    if one.row.callback_at:
        after = f"{one.seconds:,.0f} s" if one.seconds is not None else "came"
        return f"{after} late" if one.row.late else after
    return "awaited" if one.row.state == IssuedTask.Stage.ACCEPTED else "none"


def _checks(checks: Sequence[ReportedCheck], width: int, plain: Plain) -> Iterator[str]:
    """Yield what is wrong; checks that fail for one reason, such as a callback that never came, are told of at once."""
    for (reason, _, _), found in groupby(checks, lambda one: (one.reason, one.failing, one.score)):
        same = list(found)
        if not reason or len(same) < _SAME:
            for check in same:
                yield from _check(check, width, plain)
            continue
        score = score_text(same[0].score) if same[0].score is not None else "not decided"
        kinds = ", ".join(dict.fromkeys(check.kind for check in same))
        yield from _wrapped(f"{score}  {len(same)} checks: {kinds}", width, plain, _INDENT)
        yield from _wrapped(short(reason, _LONGEST_TEXT), width, plain, _INDENT + " " * 6)


def stage_text(one: ReportedRound) -> str:
    """Return how far a round without a score is."""
    row, stages = one.row, IssuedTask.Stage
    if row.state == stages.ACCEPTED:
        return "callback awaited"
    return "to be judged" if row.state in {stages.RECEIVED, stages.GAVE_UP} else request_text(row)


def mishap_text(one: ReportedRound) -> str:
    """Return what of the request or the callback went wrong in a round that was judged, in two words; "" if nothing."""
    if one.row.callback_at:
        return "late" if one.row.late else ""
    return "no callback" if one.row.accepted_at else request_text(one.row)


def _check(check: ReportedCheck, width: int, plain: Plain) -> Iterator[str]:
    """Yield what is wrong with a check: its score, its kind, its text, and below it the reason."""
    score = score_text(check.score) if check.score is not None else "not decided"
    head = f"{score}  {check.kind}: {short(check.text, _LONGEST_TEXT)}"
    yield from _wrapped(head, width, plain, _INDENT)
    if check.reason:
        yield from _wrapped(short(check.reason, _LONGEST_TEXT), width, plain, _INDENT + " " * 6)


def _class(report: RehearsalReport, width: int, plain: Plain) -> list[str]:
    rows = [(plain(short(one.row.email, 254)), *_submission_cells(one)) for one in report.submissions]
    return _table(("SUBMISSION", *_SUBMISSION_HEADINGS), rows, width)


def _submission_cells(one: ReportedSubmission) -> tuple[str, ...]:
    accepted = sum(round_.row.accepted_at is not None for round_ in one.rounds)
    called_back = sum(round_.row.callback_at is not None for round_ in one.rounds)
    late = sum(round_.row.late for round_ in one.rounds)
    of = len(one.rounds)
    counts = (f"{accepted} of {of}", f"{called_back} of {of}", late, one.failing, one.undecided)
    return score_text(one.score), *map(str, counts)


def _frequent(report: RehearsalReport, width: int, plain: Plain) -> Iterator[str]:
    found = report.frequent_failures
    if not found:
        return
    yield "The checks that fail most often"
    for one in found[:MOST_FREQUENT]:
        head = f"{one.count} of {one.of}  {one.kind}: {short(one.text, 200)}"
        yield from _wrapped(head, width, plain, _INDENT)
        if one.reason:
            yield from _wrapped(f"for example: {short(one.reason, 200)}", width, plain, _INDENT + " " * 6)
    if len(found) > MOST_FREQUENT:
        yield f"{_INDENT}and {len(found) - MOST_FREQUENT} more"
    yield ""


def _totals(report: RehearsalReport, width: int) -> list[str]:
    return textwrap.wrap(totals_text(report.totals), width)


def totals_text(totals: ReportTotals) -> str:
    """Return the totals as a sentence each for rounds, checks and the score."""
    late = f", {totals.late:,} of them late" if totals.late else ""
    undecided = f", {totals.undecided:,} not decided" if totals.undecided else ""
    score = f" Mean score {score_text(totals.score)}." if totals.score is not None else ""
    return (
        f"{_count(totals.submissions, 'submission')}, {_count(totals.tasks, 'task')}, "
        f"{_count(totals.rounds, 'round')}: {totals.accepted:,} accepted, {totals.called_back:,} called back{late}. "
        f"{_count(totals.checks, 'check')}: {totals.held:,} held, {totals.failing:,} failing{undecided}.{score}"
    )


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return an entry for each row, cut in its first column. Where that has no room, it gets a line of its own."""
    lines = [headings, *rows]
    widths = [max(len(cells[at]) for cells in lines) for at in range(len(headings))]
    room = width - sum(widths[1:]) - 2 * len(widths[1:])
    if room < min(widths[0], _SHORTEST_COLUMN):
        return [f"{_cut(cells[0], width)}\n  {_line(cells[1:], widths[1:])}" for cells in lines]
    widths[0] = min(widths[0], room)
    return [_line((_cut(cells[0], widths[0]), *cells[1:]), widths) for cells in lines]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(wide) for cell, wide in zip(cells, widths, strict=True)).rstrip()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 2]}.."


def _wrapped(text: str, width: int, plain: Plain, indent: str = "") -> list[str]:
    """Wrap a text; an address is never broken unless it alone is too long."""
    return textwrap.wrap(
        plain(visible(" ".join(text.split()))),
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
    )
