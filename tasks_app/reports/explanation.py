"""A round in about twenty lines: what was asked, what was tried and why, what it cost, when the page was live, what the evaluator answered.

Each line is a pair of what it is about ("" where it goes on) and a text on one line, which may quote what strangers wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.domain.checks import REQUESTED, Kind, parse_check
from engine.domain.lifecycle import ACTIVE, Step
from engine.domain.model_call import DEADLINE, DISCONNECTED
from tasks_app.reports.durations import took
from tasks_app.reports.round_report import evidence_address
from tasks_app.rounds.operator_actions import PLAN_EDITED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tasks_app.models import Attempt, Commit, Event, NotificationAttempt, Round
    from tasks_app.reports.attempt_checks import AttemptChecks
    from tasks_app.reports.round_report import RoundReport

Line = tuple[str, str]

MOST_CALLS = 8
MOST_FAILING = 3
MOST_WARNINGS = 3
_BRIEF = 240  # characters of it
_PHRASE = 120
_PART = 170  # of a plan: two lines of a terminal
_ADDRESS = 300

_NEW_RUNS = frozenset({"round revived", "round retried", "round regenerated", "evaluator notified again", PLAN_EDITED})
_MEANINGS = {
    "simulated": "SIMULATED (no language model was asked)",
    "degraded": "DEGRADED (a fallback page stands in place of the app)",
    "late": "LATE (told after the deadline)",
    "needs_attention": "NEEDS ATTENTION",
}


def explained(report: RoundReport) -> list[Line]:
    """Return the lines of a round as it stands."""
    row = report.row
    flags = ", ".join(_MEANINGS[flag] for flag in report.flags if flag in _MEANINGS)
    return [
        ("Round", f"{_phrase(row.task_name)} round {row.number}, run {row.run}: {report.headline}"),
        *([("Flags", flags)] if flags else []),
        *_asked(report),
        *_plan(report),
        *_tried(report),
        *([("Checks", str(report.counts))] if report.checks.lines else []),
        *_published(report),
        *_live(report),
        *_told(report),
        *_deadline(report),
        ("Spent", str(report.spent)),
        *(("Warning", _phrase(str(text), 300)) for text in row.warnings[:MOST_WARNINGS]),
        *_more("Warning", len(row.warnings) - MOST_WARNINGS),
        *_next(row),
    ]


def _asked(report: RoundReport) -> Iterator[Line]:
    row, names = report.row, [_phrase(file.name) for file in report.attachments]
    when = f"{row.created_at:%Y-%m-%d %H:%M:%S} UTC"
    yield "Asked", f"{when} by {_phrase(row.email)}: \u201c{_phrase(row.brief, _BRIEF)}\u201d"
    scripts = sum(check.kind is Kind.JS for check in map(parse_check, row.checks))
    files = f"; attached {', '.join(names[:8])}{', …' if len(names) > 8 else ''}" if names else ""
    yield "", f"{_count(len(row.checks), 'check')}, {scripts} of them to be run in the page{files}"


def _plan(report: RoundReport) -> Iterator[Line]:
    """Yield the plan, a line or two for each part of it."""
    text = report.plan_text
    if text is None:
        return
    refused = f" {_count(len(text.refused), 'item')} of it refused: {'; '.join(text.refused)}" if text.refused else ""
    yield "Plan", _phrase(f"{text.made}{refused}", 300)
    for section in text.sections:
        entries = (f"{one.says} ({'; '.join(one.rules)})" if one.rules else one.says for one in section.entries)
        yield "", _phrase(f"{section.heading}: {'; '.join(entries)}", _PART)


def _tried(report: RoundReport) -> Iterator[Line]:
    begins = [event for event in report.events if event.what in _NEW_RUNS]
    yield from _more("Tried", len(report.attempts) - MOST_CALLS, "calls before")
    shown = report.attempts[-MOST_CALLS:]
    for at, call in enumerate(shown, 1):
        # A judgement belongs to the verification whose decision it precedes.
        after = next((one for one in shown[at:] if one.kind != "judge"), None)
        while begins and begins[0].at <= call.started_at:
            yield _run(begins.pop(0))
        yield "Tried", _call(call, chosen=call.pk == report.row.chosen_attempt_id)
        if checks := report.results.get(call.pk):
            yield "", _judged(checks)
            decided = [e for e in report.events if e.what.startswith("decided:") and call.started_at < e.at]
            if decided and (after is None or decided[0].at <= after.started_at):
                yield "", f"so: {decided[0].what.removeprefix('decided: ')}, {_phrase(decided[0].text, 200)}"
    yield from map(_run, begins)


def _run(event: Event) -> Line:
    return "Again", f"{event.at:%H:%M:%S} {event.what} by {_phrase(event.who)}, {_phrase(event.text)}"


def _call(call: Attempt, *, chosen: bool) -> str:
    by = _phrase(call.model_answered or call.model_asked) or "the service itself"
    outcome = f"{call.error_code}: {_phrase(call.error_message)}" if call.error_code else call.outcome or "under way"
    outcome += {DEADLINE: " by its time", DISCONNECTED: " by a lost connection"}.get(call.finish_reason, "")
    seconds = "" if call.seconds is None else took(call.seconds, "")
    tokens = "" if call.input_tokens is None else f"{call.input_tokens:,} + {call.output_tokens or 0:,} tokens"
    cost = f"${call.cost:.4f}" if call.cost is not None else "cost unknown" if tokens and not call.simulated else ""
    simulated = " (simulated)" if call.simulated and by != "simulated" else ""
    what = ", ".join(filter(None, (outcome, seconds, tokens, cost)))
    return f"{call.kind} {call.pk} by {by}{simulated}: {what}{'; CHOSEN' if chosen else ''}"


def _judged(checks: AttemptChecks) -> str:
    """Return how many checks hold, and which do not."""
    wrong = [
        f"{_phrase(r.text)} ({r.verdict}{': ' if r.detail else ''}{_phrase(r.detail)})"
        for r in checks.wrong[:MOST_FAILING]
    ]
    more = f"; {len(checks.wrong) - MOST_FAILING} more" if len(checks.wrong) > MOST_FAILING else ""
    return f"{checks.counts}{'; wrong: ' if wrong else ''}{'; '.join(wrong)}{more}"


def _published(report: RoundReport) -> Iterator[Line]:
    row, pushed = report.row, [commit for commit in report.commits if commit.pushed_at]
    for commit in pushed:
        where = f"as {commit.sha[:12]} of {row.repo_url[:_ADDRESS]}"
        yield "Published", f"{_after(row, commit.pushed_at)}, {where}: {_tree(report, commit)}"
        if address := evidence_address(commit):
            yield "", f"evidence {address}"
    if row.chosen_attempt_id and not pushed:
        yield "Published", "not yet"


def _tree(report: RoundReport, commit: Commit) -> str:
    kind = f"{commit.attempt.kind} {commit.attempt_id}, " if commit.attempt else ""
    changed = [_phrase(file.name) for file in report.changed] if commit.attempt_id == report.attempt_id else []
    files = f"; changed as the brief asks: {', '.join(changed[:5])}" if changed else ""
    return f"{kind}{_count(len(commit.files), 'file')}{files}"


def _live(report: RoundReport) -> Iterator[Line]:
    row, looks = report.row, report.looks
    if not looks:
        return
    seen = _count(len(looks), "look")
    published = row.published_at
    first = next((look.at for look in looks if look.live and published and look.at >= published), row.live_at)
    if row.live and first:
        ran = any(line.live for line in report.checks.of(REQUESTED))
        checks = "" if ran else "; no check was run there"
        yield "Live", f"{_after(row, first)}, after {seen} at {row.pages_url[:_ADDRESS]}{checks}"
    else:
        why = _phrase(looks[-1].reason) or "no reason"
        yield "Live", f"NOT LIVE after {seen}, the last at {looks[-1].at:%H:%M:%S}: {why}"


def _told(report: RoundReport) -> Iterator[Line]:
    for one in report.callbacks[-MOST_FAILING:]:
        yield "Told", f"{_after(report.row, one.started_at)}, try {one.number} of run {one.run}: {_answer(one)}"
    yield from _more("Told", len(report.callbacks) - MOST_FAILING, "tries before")


def _answer(sent: NotificationAttempt) -> str:
    if sent.seconds is None:
        return _phrase(sent.error) or "under way"
    answer = f"the evaluator answered {sent.status_code}" if sent.status_code else f"no answer: {_phrase(sent.error)}"
    return f"{answer} after {took(sent.seconds, '')}"


def _deadline(report: RoundReport) -> Iterator[Line]:
    row, told = report.row, report.delivered
    left = (row.deadline_at - (told.started_at if told else row.finished_at or report.now)).total_seconds()
    when = f"{abs(left):.0f} s {'before' if left >= 0 else 'AFTER'} it"
    what = "told" if told else f"nobody was told; {'it ended' if row.finished_at else 'now is'}"
    yield "Deadline", f"{row.deadline_at:%H:%M:%S}: {what} {when}"


def _next(row: Round) -> Iterator[Line]:
    if row.state in ACTIVE:
        steps = list(Step)
        rest = [step.value for step in steps[steps.index(Step(row.step)) :]]
        yield "Next", f"{' > '.join(rest)}, by itself" + (" once the cause is mended" if row.needs_attention else "")


def _after(row: Round, moment: datetime | None) -> str:
    """Return a time in UTC, and how long after the request it was."""
    assert moment is not None
    day = "" if moment.date() == row.created_at.date() else f"{moment:%Y-%m-%d} "
    return f"{day}{moment:%H:%M:%S}, {(moment - row.created_at).total_seconds():.0f} s after the request"


def _more(about: str, count: int, what: str = "more") -> Iterator[Line]:
    if count > 0:
        yield about, f"… {count} {what}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _phrase(text: str, most: int = _PHRASE) -> str:
    """Return foreign text on one line, cut short."""
    flat = " ".join(text[: most * 4].split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"
