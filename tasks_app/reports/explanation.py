"""The story of a round in about twenty lines: what was asked, what was tried and why, what it cost, when it was live, what was heard.

Each line is a pair of what it is about ("" where it goes on) and a text on one line, which may quote what strangers wrote.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from engine.domain.checks import ADVICE, WRONG, Kind, Target, Verdict, parse_check
from engine.domain.lifecycle import ACTIVE, Step
from engine.domain.model_call import DEADLINE, DISCONNECTED
from tasks_app.models import Attempt, CheckResult
from tasks_app.operations.spending import spent
from tasks_app.queries.plans import plan_text
from tasks_app.reports.changed_files import changed_names
from tasks_app.reports.headline import headline
from tasks_app.reports.status import evidence_address
from tasks_app.rounds.operator_actions import PLAN_EDITED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tasks_app.models import Commit, Event, NotificationAttempt, Round

Line = tuple[str, str]

MOST_CALLS = 8
MOST_FAILING = 3
MOST_WARNINGS = 3
_BRIEF = 240  # characters of it
_PHRASE = 120
_PART = 170  # of a plan: two lines of a terminal

_REQUESTED = frozenset({Kind.JS, Kind.PROSE, Kind.UNKNOWN})
_NEW_RUNS = frozenset({"round revived", "round retried", "round regenerated", "evaluator notified again", PLAN_EDITED})


def explained(row: Round, now: datetime) -> list[Line]:
    """Return the story of a round as it stands."""
    return [
        ("Round", f"{_phrase(row.task_name)} round {row.number}, run {row.run}: {headline(row, now)}"),
        *_flags(row),
        *_asked(row),
        *_read(row),
        *_tried(row),
        *_published(row),
        *_live(row),
        *_told(row),
        *_deadline(row, now),
        ("Spent", str(spent(Attempt.objects.filter(round=row)))),
        *(("Warning", _phrase(str(text), 300)) for text in row.warnings[:MOST_WARNINGS]),
        *_more("Warning", len(row.warnings) - MOST_WARNINGS),
        *_next(row),
    ]


def _flags(row: Round) -> Iterator[Line]:
    flags = [name for name in ("simulated", "degraded", "late", "needs_attention") if getattr(row, name)]
    if flags:
        meaning = {
            "simulated": "SIMULATED (no language model was asked)",
            "degraded": "DEGRADED (a fallback page stands in place of the app)",
            "late": "LATE (told after the deadline)",
            "needs_attention": "NEEDS ATTENTION",
        }
        yield "Flags", ", ".join(meaning[flag] for flag in flags)


def _asked(row: Round) -> Iterator[Line]:
    yield (
        "Asked",
        f"{row.created_at:%Y-%m-%d %H:%M:%S} UTC by {_phrase(row.email)}: \u201c{_phrase(row.brief, _BRIEF)}\u201d",
    )
    scripts = sum(check.kind is Kind.JS for check in map(parse_check, row.checks))
    names = list(row.attachments.values_list("name", flat=True)[:9])
    files = f"; attached {', '.join(map(_phrase, names[:8]))}{', …' if len(names) > 8 else ''}" if names else ""
    yield "", f"{_count(len(row.checks), 'check')}, {scripts} of them to be run in the page{files}"


def _read(row: Round) -> Iterator[Line]:
    """Yield the plan, a line or two for each part of it."""
    text = plan_text(row)
    if text is None:
        return
    refused = f" {_count(len(text.refused), 'item')} of it refused: {'; '.join(text.refused)}" if text.refused else ""
    yield "Plan", _phrase(f"{text.made}{refused}", 300)
    for section in text.sections:
        said = (f"{one.says} ({'; '.join(one.rules)})" if one.rules else one.says for one in section.entries)
        yield "", _phrase(f"{section.heading}: {'; '.join(said)}", _PART)


# --- What was tried ---------------------------------------------------------------------------------------------------------------------


def _tried(row: Round) -> Iterator[Line]:
    calls = list(row.attempts.defer("messages", "reply", "parameters"))
    events = list(row.events.order_by("at", "pk"))
    results = _results_by_attempt(row)
    begins = [event for event in events if event.what in _NEW_RUNS]
    yield from _more("Tried", len(calls) - MOST_CALLS, "calls before")
    shown = calls[-MOST_CALLS:]
    for at, call in enumerate(shown, 1):
        # A judgement belongs to the verification whose decision it precedes.
        after = next((one for one in shown[at:] if one.kind != "judge"), None)
        while begins and begins[0].at <= call.started_at:
            yield _run(begins.pop(0))
        yield "Tried", _call(call, chosen=call.pk == row.chosen_attempt_id)
        if found := results.get(call.pk):
            yield "", _judged(found)
        decided = [e for e in events if e.what.startswith("decided:") and call.started_at < e.at]
        decided = [e for e in decided if after is None or e.at <= after.started_at]
        if found and decided:
            yield "", f"so: {_decision(decided[0])}"
    yield from map(_run, begins)


def _run(event: Event) -> Line:
    return "Again", f"{event.at:%H:%M:%S} {event.what} by {_phrase(event.who)}, {_phrase(event.text)}"


def _results_by_attempt(row: Round) -> dict[int, list[CheckResult]]:
    found: dict[int, list[CheckResult]] = {}
    rows = CheckResult.objects.filter(attempt__round=row, target=Target.LOCAL).defer("screenshot", "console", "value")
    for result in rows.order_by("attempt", "position"):
        found.setdefault(result.attempt_id, []).append(result)
    return found


def _call(call: Attempt, *, chosen: bool) -> str:
    by = _phrase(call.model_answered or call.model_asked) or "the service itself"
    came = f"{call.error_code}: {_phrase(call.error_message)}" if call.error_code else call.outcome or "under way"
    came += {DEADLINE: " by its time", DISCONNECTED: " by a lost connection"}.get(call.finish_reason, "")
    took = "" if call.seconds is None else f"{call.seconds:.1f} s"
    tokens = "" if call.input_tokens is None else f"{call.input_tokens:,} + {call.output_tokens or 0:,} tokens"
    cost = f"${call.cost:.4f}" if call.cost is not None else "cost unknown" if tokens and not call.simulated else ""
    said = ", ".join(filter(None, (came, took, tokens, cost)))
    return f"{call.kind} {call.pk} by {by}{' (simulated)' if call.simulated and by != 'simulated' else ''}: {said}{'; CHOSEN' if chosen else ''}"


def _judged(results: Sequence[CheckResult]) -> str:
    """Return how many of the request's checks passed, and what failed of all that was checked."""
    asked = [r for r in results if r.kind in _REQUESTED]
    wrong = [r for r in results if r.verdict in WRONG and r.kind not in ADVICE]
    others = Counter(r.verdict for r in asked if r.verdict not in WRONG and r.verdict != Verdict.PASS)
    line = f"{sum(r.verdict == Verdict.PASS for r in asked)} of {_count(len(asked), 'check')} passed"
    line += "".join(f", {number} {verdict}" for verdict, number in sorted(others.items()))
    if wrong:
        line += "; wrong: " + "; ".join(
            f"{_phrase(r.text)} ({r.verdict}{': ' if r.detail else ''}{_phrase(r.detail)})"
            for r in wrong[:MOST_FAILING]
        )
    return line + (f"; {len(wrong) - MOST_FAILING} more" if len(wrong) > MOST_FAILING else "")


def _decision(event: Event) -> str:
    return f"{event.what.removeprefix('decided: ')}, {_phrase(event.text, 200)}"


# --- What came of it --------------------------------------------------------------------------------------------------------------------


def _published(row: Round) -> Iterator[Line]:
    for commit in (
        row.commits.filter(pushed_at__isnull=False)
        .select_related("attempt")
        .defer("attempt__messages", "attempt__reply")
    ):
        yield (
            "Published",
            f"{_after(row, commit.pushed_at)}, as {commit.sha[:12]} of {_address(row.repo_url)}: {_tree(row, commit)}",
        )
        if address := evidence_address(commit):
            yield "", f"evidence {address}"
    if row.commits.filter(pushed_at__isnull=False).count() == 0 and row.chosen_attempt_id:
        yield "Published", "not yet"


def _tree(row: Round, commit: Commit) -> str:
    kind = f"{commit.attempt.kind} {commit.attempt_id}, " if commit.attempt else ""
    changed = changed_names(row, commit.attempt)
    files = f"; changed as the brief asks: {', '.join(map(_phrase, changed[:5]))}" if changed else ""
    return f"{kind}{_count(len(commit.files), 'file')}{files}"


def _live(row: Round) -> Iterator[Line]:
    looks = list(row.pages_statuses.order_by("at").only("at", "live", "reason", "round_id"))
    if not looks:
        return
    seen = _count(len(looks), "look")
    first = next((look for look in looks if look.live and row.published_at and look.at >= row.published_at), None)
    if row.live and (at := first.at if first else row.live_at):
        live = [c for c in _checks_live(row) if c.kind in _REQUESTED]
        passed = sum(c.verdict == Verdict.PASS for c in live)
        checks = f"; there {passed} of {_count(len(live), 'check')} passed" if live else "; no check was run there"
        yield "Live", f"{_after(row, at)}, after {seen} at {_address(row.pages_url)}{checks}"
    else:
        yield (
            "Live",
            f"NOT LIVE after {seen}, the last at {looks[-1].at:%H:%M:%S}: {_phrase(looks[-1].reason) or 'no reason'}",
        )


def _checks_live(row: Round) -> Sequence[CheckResult]:
    live = CheckResult.objects.filter(attempt=row.chosen_attempt_id, target=Target.LIVE)
    return list(live.defer("screenshot", "console", "value"))


def _told(row: Round) -> Iterator[Line]:
    sent = list(row.notifications.defer("body", "answer", "headers", "answer_headers"))
    for one in sent[-MOST_FAILING:]:
        yield "Told", f"{_after(row, one.started_at)}, try {one.number} of run {one.run}: {_heard(one)}"
    yield from _more("Told", len(sent) - MOST_FAILING, "tries before")


def _heard(sent: NotificationAttempt) -> str:
    if sent.seconds is None:
        return _phrase(sent.error) or "under way"
    answer = f"the evaluator answered {sent.status_code}" if sent.status_code else f"no answer: {_phrase(sent.error)}"
    return f"{answer} after {sent.seconds:.1f} s"


def _deadline(row: Round, now: datetime) -> Iterator[Line]:
    told = row.notifications.filter(run=row.run, status_code__range=(200, 299)).order_by("pk").first()
    at = told.started_at if told else row.finished_at or now
    left = (row.deadline_at - at).total_seconds()
    by = f"{row.deadline_at:%H:%M:%S}"
    when = f"{abs(left):.0f} s {'before' if left >= 0 else 'AFTER'} it"
    if told:
        yield "Deadline", f"{by}: told {when}"
    else:
        yield "Deadline", f"{by}: nobody was told; {'it ended' if row.finished_at else 'now is'} {when}"


def _next(row: Round) -> Iterator[Line]:
    if row.state in ACTIVE:
        steps = list(Step)
        rest = [step.value for step in steps[steps.index(Step(row.step)) :]]
        yield "Next", f"{' > '.join(rest)}, by itself" + (" once the cause is mended" if row.needs_attention else "")


# --- Words ------------------------------------------------------------------------------------------------------------------------------


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


def _address(url: str) -> str:
    return url[:300]
