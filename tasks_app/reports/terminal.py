"""Rounds as text for a terminal: one with all its parts, or many as a table."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from engine.domain.lifecycle import ENDED
from tasks_app.reports.display import short, visible
from tasks_app.reports.durations import between, took
from tasks_app.reports.round_report import flags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, timedelta

    from tasks_app.models import Attempt, Commit, Round
    from tasks_app.reports.changed_files import ChangedFile
    from tasks_app.reports.round_report import RoundLine, RoundReport

_MOST_LINES = 40  # of one part; the newest are shown
_MOST = {"PLAN": 1_000, "CHECKS": 600}  # of parts whose entries have several lines
_MOST_TEXT = 600  # characters of one line before it is folded

_HEADINGS = ("", "ID", "STATE", "CHECKS", "AGE", "ROUND", "FLAGS", "TASK")
_SHORTEST_TASK = 12


def round_text(report: RoundReport, width: int) -> str:
    """Return how the round stands first, then part by part; a part of which there is nothing is left out."""
    row = report.row
    parts = {
        "PLAN": list(_plan(report)),
        "STEPS": [
            f"{_clock(s.started_at, row)}  {s.step:<8}  {between(s.started_at, s.ended_at):>9}  "
            f"{s.outcome or 'goes on':<9}  {s.detail}"
            for s in report.steps
        ],
        "ATTEMPTS": [_attempt(attempt, row) for attempt in report.attempts],
        "CHECKS": list(_checks(report)),
        "COMMITS": [_commit(commit, row) for commit in report.commits],
        "LOOKS AT THE PAGE": [
            f"{_clock(look.at, row)}  {'live' if look.live else 'not live'}  {look.reason}" for look in report.looks
        ],
        "CALLBACKS": [
            f"{_clock(n.started_at, row)}  {n.status_code or 'none':<4}  {took(n.seconds, n.error):>9}  {n.error}"
            for n in report.callbacks
        ],
        "CHANGED ATTACHMENTS": [_changed(file) for file in report.changed],
        "WARNINGS": [str(warning) for warning in row.warnings],
        "EVENTS": [f"{_clock(e.at, row)}  {e.who}: {e.what}  {e.text}" for e in report.events],
    }
    lines = [*_fold(f"{row}: {report.headline}", width, ""), *_facts(report, width)]
    for heading, entries in parts.items():
        lines += _part(heading, entries, width)
    return "\n".join(lines)


def rounds_table(lines: Sequence[RoundLine], now: datetime, width: int) -> str:
    """Return a line a round, at most `width` columns wide where the flags leave room for a task's name."""
    rows = [_HEADINGS, *(_cells(line, now) for line in lines)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(_HEADINGS) - 1)]
    room = max(width - sum(widths) - 2 * len(widths), _SHORTEST_TASK)
    return "\n".join(
        "  ".join([*(cell.ljust(wide) for cell, wide in zip(cells, widths, strict=False)), short(cells[-1], room - 1)])
        for cells in rows
    )


def _cells(line: RoundLine, now: datetime) -> tuple[str, ...]:
    row = line.row
    return (
        "!" if row.needs_attention else "",
        str(row.pk)[:8],
        row.state if row.state in ENDED - {"failed"} else f"{row.state} {row.step}",
        str(line.counts.request) if line.counts.request.of else "-",
        _age(now - row.created_at),
        str(row.number),
        " ".join(flag for flag in flags(row) if flag != "needs_attention"),
        row.task_name,
    )


def _age(passed: timedelta) -> str:
    seconds = max(int(passed.total_seconds()), 0)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _facts(report: RoundReport, width: int) -> Iterator[str]:
    """Yield what is on the row itself, a line each; an address is never folded, so that it can be copied."""
    row = report.row
    ended = f", ended {_clock(row.finished_at, row)}" if row.finished_at else ""
    deadline = f"deadline {_clock(row.deadline_at, row)}{ended}, run {row.run}"
    facts = {
        "id": str(row.pk),
        "email": row.email,
        "nonce": row.nonce,
        "asked": f"{row.created_at:%Y-%m-%d %H:%M:%S} UTC, {deadline}",
        "flags": ", ".join(report.flags).replace("_", " "),
        "checks": str(report.counts) if report.checks.lines else "",
        "spent": str(report.spent) if report.attempts else "",
        "error": f"{row.error_code}: {row.error_message}" if row.error_code else "",
    }
    links = {
        "repository": row.repo_url,
        "commit": row.commit_sha,
        "page": row.pages_url,
        "evidence": report.evidence_url,
        "evaluator": row.evaluation_url,
    }
    yield ""
    for name, value in facts.items():
        yield from _fold(value, width, f"{name:<12}") if value else ()
    yield from (f"{name:<12}{short(value, 2_000)}" for name, value in links.items() if value)


def _part(heading: str, lines: list[str], width: int) -> Iterator[str]:
    if not lines:
        return
    most = _MOST.get(heading, _MOST_LINES)
    yield from ("", heading)
    if len(lines) > most:
        yield f"  … {len(lines) - most} before"
    for line in lines[-most:]:
        yield from _fold(line, width, "  ")


def _fold(text: str, width: int, indent: str) -> Iterable[str]:
    """Fold one line of foreign text; its own line ends are blanks here, so that it cannot pass for lines of ours."""
    flat = visible(text[:_MOST_TEXT].replace("\n", " ").replace("\t", " "))
    rest = "…" if len(text) > _MOST_TEXT else ""
    return textwrap.wrap(flat + rest, width, initial_indent=indent, subsequent_indent=" " * max(len(indent), 4))


def _attempt(attempt: Attempt, row: Round) -> str:
    tokens = f"{attempt.input_tokens or 0} + {attempt.output_tokens or 0} tokens" if attempt.input_tokens else ""
    cost = f"${attempt.cost}" if attempt.cost is not None else ""
    error = f"{attempt.error_code}: {attempt.error_message}" if attempt.error_code else ""
    by = attempt.model_answered or attempt.model_asked or "the service"
    simulated = "simulated" if attempt.simulated else ""
    rest = "  ".join(filter(None, (attempt.outcome, by, simulated, tokens, cost, error)))
    began, length = _clock(attempt.started_at, row), took(attempt.seconds, attempt.error_code)
    return f"{began}  {attempt.kind:<8}  {length:>9}  {rest}"


def _plan(report: RoundReport) -> Iterator[str]:
    if text := report.plan_text:
        yield text.made
        for section in text.sections:
            yield f"{section.heading}:"
            for entry in section.entries:
                yield from (f"- {entry.says}", *(f"    {rule}" for rule in entry.rules))
        yield from (f"refused: {one}" for one in text.refused)


def _checks(report: RoundReport) -> Iterator[str]:
    for line in report.checks.lines:
        result = line.latest
        detail = f"  ({result.detail})" if result.detail else ""
        yield f"{result.verdict:<12}  {result.kind:<10}  {result.text}{detail}"
        for one in result.predicates:
            yield f"    {one['verdict']:<12}  {one['says']}{'  (' + one['seen'] + ')' if one['seen'] else ''}"


def _commit(commit: Commit, row: Round) -> str:
    if commit.pushed_at:
        stands = f"pushed {_clock(commit.pushed_at, row)}"
    else:
        stands = "abandoned" if commit.abandoned_at else "not pushed"
    count = len(commit.files)
    return f"{commit.sha}  {stands}, {count} file{'' if count == 1 else 's'}"


def _changed(file: ChangedFile) -> str:
    added, cut = (sum(line.startswith(sign) for line in file.diff) for sign in "+-")
    became = f"published as {file.now_sha256[:12]}" if file.now is not None else "removed"
    lines = f", {added} lines added, {cut} cut" if file.diff else f", {file.why_not}" if file.now is not None else ""
    return f"{file.name}  came as {file.original_sha256[:12]}, {became}{lines}"


def _clock(moment: datetime, row: Round) -> str:
    """Return a time in UTC, with its day where that is not the day of the request."""
    same = moment.date() == row.created_at.date()
    return f"{moment:%H:%M:%S}" if same else f"{moment:%Y-%m-%d %H:%M:%S}"
