"""The whole story of one round: as text for a terminal, and as data."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from tasks_app.operations import clock
from tasks_app.queries.plans import plan_row, plan_text
from tasks_app.reports.changed_files import changed_files
from tasks_app.reports.display import short, visible
from tasks_app.reports.durations import between, took
from tasks_app.reports.headline import headline
from tasks_app.reports.round_table import flags
from tasks_app.reports.status import check_status, evidence_address, iso_time, round_results, round_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tasks_app.models import Attempt, CheckResult, Commit, NotificationAttempt, Round
    from tasks_app.reports.changed_files import ChangedFile

_MOST_LINES = 40  # of one part; the newest are shown
_MOST = {"PLAN": 1_000, "CHECKS": 600}  # of parts whose entries have several lines
_MOST_TEXT = 600  # characters of one line before it is folded


def round_data(row: Round) -> dict[str, object]:
    """Return the status object and what only operators see; no prompts, replies, files or bodies."""
    attempts = row.attempts.defer("messages", "reply")
    return round_status(row) | {
        "email": row.email,
        "nonce": row.nonce,
        "run": row.run,
        "evaluation_url": row.evaluation_url,
        "headline": headline(row, clock.now()),
        "attempts": [_attempt_data(attempt) for attempt in attempts],
        "checks": [_check_data(result) for result in round_results(row)],
        "plan_record": _plan_data(row),
        "commits": [
            {
                "sha": commit.sha,
                "run": commit.run,
                "files": commit.files,
                "planned_at": iso_time(commit.planned_at),
                "pushed_at": iso_time(commit.pushed_at),
                "abandoned_at": iso_time(commit.abandoned_at),
                "evidence_url": evidence_address(commit) or None,
            }
            for commit in row.commits.all()
        ],
        "looks": [
            {"at": iso_time(look.at), "live": look.live, "build_status": look.build_status, "reason": look.reason}
            for look in row.pages_statuses.all()
        ],
        "events": [
            {"at": iso_time(event.at), "who": event.who, "what": event.what, "text": event.text}
            for event in row.events.order_by("at", "pk")
        ],
    }


def _attempt_data(attempt: Attempt) -> dict[str, object]:
    return {
        "id": attempt.pk,
        "run": attempt.run,
        "kind": attempt.kind,
        "provider": attempt.provider,
        "simulated": attempt.simulated,
        "model": attempt.model_answered or attempt.model_asked,
        "started_at": iso_time(attempt.started_at),
        "seconds": attempt.seconds,
        "outcome": attempt.outcome,
        "finish_reason": attempt.finish_reason,
        "input_tokens": attempt.input_tokens,
        "output_tokens": attempt.output_tokens,
        "cost": str(attempt.cost) if attempt.cost is not None else None,
        "error": {"code": attempt.error_code, "message": attempt.error_message} if attempt.error_code else None,
    }


def round_record(row: Round, now: datetime, width: int) -> str:
    """Return the story as text: what it is about first, then part by part; a part of which there is nothing is left out."""
    parts = {
        "PLAN": _plan(row),
        "STEPS": [
            f"{_clock(s.started_at, row)}  {s.step:<8}  {between(s.started_at, s.ended_at):>9}  "
            f"{s.outcome or 'goes on':<9}  {s.detail}"
            for s in row.step_runs.all()
        ],
        "ATTEMPTS": [_attempt(attempt, row) for attempt in row.attempts.defer("messages", "reply")],
        "CHECKS": [line for result in round_results(row) for line in _check(result)],
        "COMMITS": [_commit(commit, row) for commit in row.commits.all()],
        "LOOKS AT THE PAGE": [
            f"{_clock(look.at, row)}  {'live' if look.live else 'not live'}  {look.reason}"
            for look in row.pages_statuses.all()
        ],
        "CALLBACKS": [_callback(sent, row) for sent in row.notifications.defer("body", "answer")],
        "CHANGED ATTACHMENTS": [_changed(file) for file in changed_files(row, row.chosen_attempt)],
        "WARNINGS": [str(warning) for warning in row.warnings],
        "EVENTS": [f"{_clock(e.at, row)}  {e.who}: {e.what}  {e.text}" for e in row.events.order_by("at", "pk")],
    }
    told = [*_fold(f"{row}: {headline(row, now)}", width, ""), *_facts(row, width)]
    for heading, lines in parts.items():
        told += _part(heading, lines, width)
    return "\n".join(told)


def _facts(row: Round, width: int) -> Iterator[str]:
    """Yield what is on the row itself, a line each; an address is never folded, so that it can be copied."""
    yield ""
    ended = f", ended {_clock(row.finished_at, row)}" if row.finished_at else ""
    facts = {
        "id": str(row.pk),
        "email": row.email,
        "nonce": row.nonce,
        "asked": f"{row.created_at:%Y-%m-%d %H:%M:%S} UTC, deadline {_clock(row.deadline_at, row)}{ended}, run {row.run}",
        "flags": ", ".join([*flags(row), *(["needs attention"] if row.needs_attention else [])]),
        "error": f"{row.error_code}: {row.error_message}" if row.error_code else "",
    }
    for name, value in facts.items():
        if value:
            yield from _fold(value, width, f"{name:<12}")
    links = {
        "repository": row.repo_url,
        "commit": row.commit_sha,
        "page": row.pages_url,
        "evidence": _evidence(row),
        "evaluator": row.evaluation_url,
    }
    for name, value in links.items():
        if value:
            yield f"{name:<12}{short(value, 2_000)}"


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
    said = "  ".join(filter(None, (attempt.outcome, by, simulated, tokens, cost, error)))
    return (
        f"{_clock(attempt.started_at, row)}  {attempt.kind:<8}  {took(attempt.seconds, attempt.error_code):>9}  {said}"
    )


def _plan(row: Round) -> list[str]:
    text = plan_text(row)
    if text is None:
        return []
    lines = [text.made]
    for section in text.sections:
        lines.append(f"{section.heading}:")
        for entry in section.entries:
            lines += [f"- {entry.says}", *(f"    {rule}" for rule in entry.rules)]
    return [*lines, *(f"refused: {one}" for one in text.refused)]


def _plan_data(row: Round) -> dict[str, object] | None:
    """Return who made the plan, what was refused of it and how it reads in words; the plan itself is in the status."""
    found, text = plan_row(row), plan_text(row)
    if found is None or text is None:
        return None
    return {
        "run": found.run,
        "source": found.source,
        "edited_by": found.edited_by or None,
        "attempt": found.attempt_id,
        "made_at": iso_time(found.made_at),
        "why_none": found.why_none or None,
        "refused": found.refused,
        "in_words": [
            {"heading": section.heading, "entries": [{"says": one.says, "rules": one.rules} for one in section.entries]}
            for section in text.sections
        ],
    }


def _check(result: CheckResult) -> Iterator[str]:
    detail = f"  ({result.detail})" if result.detail else ""
    yield f"{result.verdict:<12}  {result.kind:<7}  {result.text}{detail}"
    for one in result.predicates:
        yield f"    {one['verdict']:<12}  {one['says']}{'  (' + one['seen'] + ')' if one['seen'] else ''}"


def _check_data(result: CheckResult) -> dict[str, object]:
    return check_status(result) | {"predicates": result.predicates}


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


def _evidence(row: Round) -> str:
    commit = row.commits.filter(token__isnull=False).order_by("-pushed_at", "-pk").first()
    return evidence_address(commit) if commit else ""


def _callback(sent: NotificationAttempt, row: Round) -> str:
    return f"{_clock(sent.started_at, row)}  {sent.status_code or 'none':<4}  {took(sent.seconds, sent.error):>9}  {sent.error}"


def _clock(moment: datetime, row: Round) -> str:
    """Return a time in UTC, with its day where that is not the day of the request."""
    same = moment.date() == row.created_at.date()
    return f"{moment:%H:%M:%S}" if same else f"{moment:%Y-%m-%d %H:%M:%S}"
