"""A round as lines of text: about twenty (`explain`), or all (`round`).

A line is a pair: its subject ("" if it continues the line above), and a text that may quote foreign text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.domain.checks import REQUESTED, Kind, parse_check
from engine.domain.lifecycle import ACTIVE, Step
from engine.domain.model_call import DEADLINE, DISCONNECTED
from tasks_app.operations.takedowns import takedown_sentence
from tasks_app.reports.durations import between, took
from tasks_app.reports.round_report import evidence_address
from tasks_app.rounds.operator_actions import PLAN_EDITED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tasks_app.models import Attempt, Commit, Event, NotificationAttempt
    from tasks_app.reports.attempt_checks import AttemptChecks
    from tasks_app.reports.changed_files import ChangedFile
    from tasks_app.reports.round_report import RoundReport

Line = tuple[str, str]

MOST_CALLS = 8
MOST_FAILING = 3
_MOST_LINES = 40  # of one part of a whole round; the newest lines are shown
_MOST_CHECKS = 600  # lines of checks, with their predicates
_BRIEF = 240  # characters of the brief
_PHRASE = 120
_PART = 170  # characters of a part of a plan: two lines of a terminal
_LONGEST = 600  # characters of a line of a whole round
_ADDRESS = 2_000

_NEW_RUNS = frozenset({"round revived", "round retried", "round regenerated", "evaluator notified again", PLAN_EDITED})
_MEANINGS = {
    "simulated": "SIMULATED (no language model was asked)",
    "degraded": "DEGRADED (a fallback page stands in place of the app, or it is not whole, or a workflow failed)",
    "late": "LATE (told after the deadline)",
    "needs_attention": "NEEDS ATTENTION",
}


def explained(report: RoundReport, *, whole: bool = False) -> list[Line]:
    """Return the lines of a round's present state. Empty parts are left out."""
    lines = _Lines(report, whole)
    return [(about, text) for about, text in lines.all() if text]


@dataclass(frozen=True, slots=True)
class _Lines:
    report: RoundReport
    whole: bool

    def all(self) -> Iterator[Line]:
        report, row = self.report, self.report.row
        name = self._phrase(row.task_name)
        yield "Round", f"{name} round {row.number}, run {row.run}: {report.headline}"
        yield "Flags", ", ".join(_MEANINGS[flag] for flag in report.flags if flag in _MEANINGS)
        if self.whole:
            yield from (("Id", str(row.pk)), ("Nonce", row.nonce))
            links = {"Repository": row.repo_url, "Page": row.pages_url, "Evaluator": row.evaluation_url}
            yield from ((about, url[:_ADDRESS]) for about, url in links.items())
            yield "Error", f"{row.error_code}: {row.error_message}" if row.error_code else ""
        yield "Taken down", takedown_sentence(report.takedown) if report.takedown else ""
        yield from self._request()
        yield from self._plan()
        if self.whole:
            yield from self._newest("Step", self._steps())
        yield from self._attempts()
        if self.whole and report.checks.lines:
            yield "Checks", str(report.counts)
            yield from self._newest("", self._checks(), _MOST_CHECKS)
        yield from self._published()
        if self.whole:
            yield from self._newest("Changed", map(_change_text, report.changed))
            yield from self._newest("Look", self._looks())
        yield "Live", self._live()
        callbacks = (
            f"{self._after(n.started_at)}, try {n.number} of run {n.run}: {self._answer(n)}" for n in report.callbacks
        )
        yield from self._newest("Callback", callbacks, MOST_FAILING)
        yield "Deadline", self._deadline()
        yield "Spent", str(report.spent)
        yield from self._newest("Warning", (self._phrase(str(text), 300) for text in row.warnings), MOST_FAILING)
        if self.whole:
            yield from self._newest(
                "Event", (f"{self._clock(e.at)}  {e.who}: {e.what}  {e.text}" for e in report.events)
            )
        yield "Next", self._next()

    def _request(self) -> Iterator[Line]:
        row, names = self.report.row, [self._phrase(file.name) for file in self.report.attachments]
        when = f"{row.created_at:%Y-%m-%d %H:%M:%S} UTC"
        yield "Asked", f"{when} by {self._phrase(row.email)}: \u201c{self._phrase(row.brief, _BRIEF)}\u201d"
        scripts = sum(check.kind is Kind.JS for check in map(parse_check, row.checks))
        files = f"; attached {', '.join(names[:8])}{', …' if len(names) > 8 else ''}" if names else ""
        yield "", f"{_count(len(row.checks), 'check')}, {scripts} of them to be run in the page{files}"

    def _plan(self) -> Iterator[Line]:
        """Yield the plan: one or two lines for each part, or with `whole` one for each entry and rule."""
        text = self.report.plan_text
        if text is None:
            return
        refused = (
            f" {_count(len(text.refused), 'item')} of it refused: {'; '.join(text.refused)}" if text.refused else ""
        )
        yield "Plan", self._phrase(f"{text.made}{refused}", 300)
        for section in text.sections:
            entries = [f"{one.says} ({'; '.join(one.rules)})" if one.rules else one.says for one in section.entries]
            if self.whole:
                yield from (("", f"{section.heading}: {entry}") for entry in entries)
            else:
                yield "", self._phrase(f"{section.heading}: {'; '.join(entries)}", _PART)

    def _steps(self) -> Iterator[str]:
        for step in self.report.steps:
            ended = f"{step.outcome or 'goes on'}, {between(step.started_at, step.ended_at)}"
            yield f"{self._clock(step.started_at)}  {step.step}: {ended}  {step.detail}"

    def _attempts(self) -> Iterator[Line]:
        report, most = self.report, _MOST_LINES if self.whole else MOST_CALLS
        begins = [event for event in report.events if event.what in _NEW_RUNS]
        yield from _more("Tried", len(report.attempts) - most, "calls before")
        calls = report.attempts[-most:]
        for at, call in enumerate(calls, 1):
            # A judge call comes before the verify decision that uses it.
            after = next((one for one in calls[at:] if one.kind != "judge"), None)
            while begins and begins[0].at <= call.started_at:
                yield self._run(begins.pop(0))
            yield "Tried", self._call(call)
            if checks := report.results.get(call.pk):
                yield "", self._judged(checks)
                decided = [e for e in report.events if e.what.startswith("decided:") and call.started_at < e.at]
                if decided and (after is None or decided[0].at <= after.started_at):
                    reason = self._phrase(decided[0].text, 200)
                    yield "", f"so: {decided[0].what.removeprefix('decided: ')}, {reason}"
        yield from map(self._run, begins)

    def _run(self, event: Event) -> Line:
        return "Again", f"{event.at:%H:%M:%S} {event.what} by {self._phrase(event.who)}, {self._phrase(event.text)}"

    def _call(self, call: Attempt) -> str:
        by = self._phrase(call.model_answered or call.model_asked) or "the service itself"
        error = f"{call.error_code}: {self._phrase(call.error_message)}" if call.error_code else ""
        outcome = error or call.outcome or "under way"
        outcome += {DEADLINE: " by its time", DISCONNECTED: " by a lost connection"}.get(call.finish_reason, "")
        seconds = "" if call.seconds is None else took(call.seconds, "")
        tokens = "" if call.input_tokens is None else f"{call.input_tokens:,} + {call.output_tokens or 0:,} tokens"
        cost = f"${call.cost:.4f}" if call.cost is not None else "cost unknown" if tokens and not call.simulated else ""
        simulated = " (simulated)" if call.simulated and by != "simulated" else ""
        what = ", ".join(filter(None, (outcome, seconds, tokens, cost)))
        chosen = "; CHOSEN" if call.pk == self.report.row.chosen_attempt_id else ""
        return f"{call.kind} {call.pk} by {by}{simulated}: {what}{chosen}"

    def _judged(self, checks: AttemptChecks) -> str:
        failures = [
            f"{self._phrase(r.text)} ({r.verdict}{': ' if r.detail else ''}{self._phrase(r.detail)})"
            for r in checks.wrong[:MOST_FAILING]
        ]
        more = f"; {len(checks.wrong) - MOST_FAILING} more" if len(checks.wrong) > MOST_FAILING else ""
        return f"{checks.counts}{'; wrong: ' if failures else ''}{'; '.join(failures)}{more}"

    def _checks(self) -> Iterator[str]:
        """Yield each check, followed by its predicates."""
        for result in (line.latest for line in self.report.checks.lines):
            yield f"{result.verdict}  {result.kind}  {result.text}{_bracketed(result.detail)}"
            yield from (f"- {x['verdict']}  {x['says']}{_bracketed(x['seen'])}" for x in result.predicates)

    def _published(self) -> Iterator[Line]:
        row, commits = self.report.row, self.report.commits
        for commit in commits:
            if commit.pushed_at:
                where = f"as {commit.sha if self.whole else commit.sha[:12]} of {row.repo_url[:_ADDRESS]}"
                yield "Published", f"{self._after(commit.pushed_at)}, {where}: {self._tree(commit)}"
                yield "", f"evidence {evidence_address(commit)}" if commit.token else ""
            elif self.whole:
                yield "Commit", f"{commit.sha}, {'abandoned' if commit.abandoned_at else 'not pushed'}"
        if row.chosen_attempt_id and not any(commit.pushed_at for commit in commits):
            yield "Published", "not yet"

    def _tree(self, commit: Commit) -> str:
        kind = f"{commit.attempt.kind} {commit.attempt_id}, " if commit.attempt else ""
        changed_files = self.report.changed if commit.attempt_id == self.report.attempt_id else []
        names = [self._phrase(file.name) for file in changed_files[:5]]
        files = f"; changed as the brief asks: {', '.join(names)}" if names else ""
        return f"{kind}{_count(len(commit.files), 'file')}{files}"

    def _looks(self) -> Iterator[str]:
        for look in self.report.looks:
            yield f"{self._clock(look.at)}  {'live' if look.live else 'not live'}  {look.reason}"

    def _live(self) -> str:
        row, looks = self.report.row, self.report.looks
        if not looks:
            return ""
        look_count, published = _count(len(looks), "look"), row.published_at
        first = next((look.at for look in looks if look.live and published and look.at >= published), row.live_at)
        if row.live and first:
            was_checked = any(line.live for line in self.report.checks.of(REQUESTED))
            no_check = "" if was_checked else "; no check was run there"
            return f"{self._after(first)}, after {look_count} at {row.pages_url[:_ADDRESS]}{no_check}"
        why = self._phrase(looks[-1].reason) or "no reason"
        return f"NOT LIVE after {look_count}, the last at {looks[-1].at:%H:%M:%S}: {why}"

    def _answer(self, callback: NotificationAttempt) -> str:
        if callback.seconds is None:
            return self._phrase(callback.error) or "under way"
        error = self._phrase(callback.error)
        answer = f"the evaluator answered {callback.status_code}" if callback.status_code else f"no answer: {error}"
        return f"{answer} after {took(callback.seconds, '')}{_bracketed(error) if callback.status_code else ''}"

    def _deadline(self) -> str:
        row, callback = self.report.row, self.report.delivered
        remaining = (
            row.deadline_at - (callback.started_at if callback else row.finished_at or self.report.now)
        ).total_seconds()
        when = f"{abs(remaining):.0f} s {'before' if remaining >= 0 else 'AFTER'} it"
        what = "told" if callback else f"nobody was told; {'it ended' if row.finished_at else 'now is'}"
        return f"{row.deadline_at:%H:%M:%S}: {what} {when}"

    def _next(self) -> str:
        row, steps = self.report.row, list(Step)
        if row.state not in ACTIVE:
            return ""
        rest = [step.value for step in steps[steps.index(Step(row.step)) :]]
        return f"{' > '.join(rest)}, by itself" + (" once the cause is mended" if row.needs_attention else "")

    def _newest(self, about: str, texts: Iterable[str], most: int = _MOST_LINES) -> Iterator[Line]:
        """Yield one line for each of the newest `most` texts."""
        lines, most = list(texts), max(most, _MOST_LINES) if self.whole else most
        yield from _more(about, len(lines) - most, "before")
        yield from ((about, self._phrase(text, _LONGEST)) for text in lines[-most:])

    def _phrase(self, text: str, most: int = _PHRASE) -> str:
        """Return foreign text on one line, cut off after `most` characters."""
        most = _LONGEST if self.whole else most
        flat = " ".join(text[: most * 4].split())
        return flat if len(flat) <= most else f"{flat[: most - 1]}…"

    def _after(self, moment: datetime) -> str:
        """Return a time in UTC, and its distance from the request."""
        return f"{self._clock(moment)}, {(moment - self.report.row.created_at).total_seconds():.0f} s after the request"

    def _clock(self, moment: datetime) -> str:
        """Return a time in UTC, with its date if that differs from the request's."""
        same = moment.date() == self.report.row.created_at.date()
        return f"{moment:%H:%M:%S}" if same else f"{moment:%Y-%m-%d %H:%M:%S}"


def _change_text(file: ChangedFile) -> str:
    added, cut = (sum(line.startswith(sign) for line in file.diff) for sign in "+-")
    present = f"published as {file.now_sha256[:12]}" if file.now is not None else "removed"
    lines = f", {added} lines added, {cut} cut" if file.diff else f", {file.why_not}" if file.now is not None else ""
    return f"{file.name}  attached as {file.original_sha256[:12]}, {present}{lines}"


def _more(about: str, count: int, what: str) -> Iterator[Line]:
    if count > 0:
        yield about, f"… {count} {what}"


def _bracketed(text: str) -> str:
    return f" ({text})" if text else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
