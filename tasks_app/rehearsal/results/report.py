"""The read model of a rehearsal: its submissions, tasks, rounds and checks, with their scores.

The score of a round is the mean of its decided results, that of a submission the mean of its rounds, that of a
rehearsal the mean of its submissions. A result that is not decided is counted apart, never as held. What fails is
said by `is_failing`.
"""

from __future__ import annotations

import math
import string
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from tasks_app.models import IssuedTask, RehearsalResult, Submission
from tasks_app.rehearsal.judging.contracts import is_failing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from tasks_app.models import Rehearsal

#: What a report leaves in the database: a request holds its attachments.
HEAVY_OF_ISSUED = ("request", "criteria", "callback")

#: Puts blanks around punctuation; a decimal point belongs to its number.
_APART = {ord(sign): f" {sign} " for sign in string.punctuation if sign not in "._"}

#: What a callback says of where the work is.
PUBLISHED = ("repo_url", "commit_sha", "pages_url")


@dataclass(frozen=True, slots=True)
class ReportedCheck:
    """The result of one check. `score` is from 0 to 1; None: not decided."""

    kind: str
    text: str
    score: float | None
    reason: str

    @property
    def failing(self) -> bool:
        return is_failing(self.kind, self.score)


@dataclass(frozen=True)
class ReportedRound:
    """One round of a task: its row, of which HEAVY_OF_ISSUED is not read, and its checks."""

    row: IssuedTask
    checks: tuple[ReportedCheck, ...]

    @cached_property
    def score(self) -> float | None:
        return mean(one.score for one in self.checks)

    @cached_property
    def failing(self) -> tuple[ReportedCheck, ...]:
        return tuple(one for one in self.checks if one.failing)

    @cached_property
    def held(self) -> int:
        return self.decided - len(self.failing)

    @cached_property
    def decided(self) -> int:
        return sum(one.score is not None for one in self.checks)

    @property
    def undecided(self) -> int:
        return len(self.checks) - self.decided

    @property
    def seconds(self) -> float | None:
        return callback_seconds(self.row)


@dataclass(frozen=True)
class ReportedTask:
    """A task as issued to one submission, its rounds in order."""

    name: str
    template: str
    rounds: tuple[ReportedRound, ...]


@dataclass(frozen=True)
class ReportedSubmission:
    """One endpoint and what it did. The row's secret is not read."""

    row: Submission
    tasks: tuple[ReportedTask, ...]

    @cached_property
    def rounds(self) -> tuple[ReportedRound, ...]:
        return tuple(one for task in self.tasks for one in task.rounds)

    @cached_property
    def score(self) -> float | None:
        return mean(one.score for one in self.rounds)

    @cached_property
    def failing(self) -> int:
        return sum(len(one.failing) for one in self.rounds)

    @cached_property
    def undecided(self) -> int:
        return sum(one.undecided for one in self.rounds)


@dataclass(frozen=True, slots=True)
class FrequentFailure:
    """Checks of a kind that fail in several rounds. Their texts differ in numbers alone; `text` is the first."""

    kind: str
    text: str
    count: int
    of: int  # decided results of these checks
    reason: str  # of the first


@dataclass(frozen=True, slots=True)
class ReportTotals:
    """Counts over all rounds of all submissions."""

    submissions: int
    tasks: int
    rounds: int
    accepted: int
    called_back: int
    late: int
    judged: int
    checks: int
    held: int
    failing: int
    undecided: int
    score: float | None


@dataclass(frozen=True)
class RehearsalReport:
    """A rehearsal with everything that is shown of it."""

    rehearsal: Rehearsal
    submissions: tuple[ReportedSubmission, ...]

    @cached_property
    def rounds(self) -> tuple[ReportedRound, ...]:
        return tuple(one for submission in self.submissions for one in submission.rounds)

    @cached_property
    def failing(self) -> bool:
        return any(one.failing for one in self.rounds)

    @cached_property
    def totals(self) -> ReportTotals:
        rounds = self.rounds
        return ReportTotals(
            submissions=len(self.submissions),
            tasks=sum(len(one.tasks) for one in self.submissions),
            rounds=len(rounds),
            accepted=sum(one.row.accepted_at is not None for one in rounds),
            called_back=sum(one.row.callback_at is not None for one in rounds),
            late=sum(one.row.late for one in rounds),
            judged=sum(one.row.judged_at is not None for one in rounds),
            checks=sum(len(one.checks) for one in rounds),
            held=sum(one.held for one in rounds),
            failing=sum(len(one.failing) for one in rounds),
            undecided=sum(one.undecided for one in rounds),
            score=mean(one.score for one in self.submissions),
        )

    @cached_property
    def progress(self) -> str:
        """How far it is, in words; "" if it has ended."""
        if self.rehearsal.ended_at:
            return ""
        return f"under way: {self.totals.judged} of {self.totals.rounds} rounds are judged"

    @cached_property
    def newest_change(self) -> datetime | None:
        """When something was last sent, came or was judged."""
        rows = (one.row for one in self.rounds)
        moments = (when for row in rows for when in (row.sent_at, row.accepted_at, row.callback_at, row.judged_at))
        return max((when for when in moments if when), default=None)

    @cached_property
    def frequent_failures(self) -> tuple[FrequentFailure, ...]:
        """The checks that fail anywhere, the most frequent first."""
        texts: dict[tuple[str, str], list[ReportedCheck]] = defaultdict(list)
        for one in self.rounds:
            for check in one.checks:
                if check.score is not None:
                    texts[check.kind, check.text].append(check)
        groups: dict[tuple[str, str], list[ReportedCheck]] = defaultdict(list)
        for (kind, text), checks in texts.items():
            groups[kind, without_numbers(text)] += checks
        found = [_frequent(checks) for checks in groups.values() if any(check.failing for check in checks)]
        return tuple(sorted(found, key=lambda one: (-one.count, one.kind, one.text)))


def rehearsal_report(rehearsal: Rehearsal) -> RehearsalReport:
    """Read a rehearsal, in three queries whatever its size. Logs and screenshots are not read."""
    rows = rehearsal.submissions.defer("secret").order_by("pk")
    return RehearsalReport(rehearsal, _submissions(rows, {"submission__rehearsal": rehearsal}))


def submission_report(submission: Submission) -> ReportedSubmission:
    """Read one submission, in two queries."""
    return _submissions([submission], {"submission": submission})[0]


def _submissions(rows: Iterable[Submission], which: Mapping[str, object]) -> tuple[ReportedSubmission, ...]:
    issued = IssuedTask.objects.filter(**which).defer(*HEAVY_OF_ISSUED).order_by("submission_id", "task", "round")
    results = RehearsalResult.objects.filter(**{f"issued__{name}": value for name, value in which.items()})
    checks: dict[int, list[ReportedCheck]] = defaultdict(list)
    for pk, kind, text, score, reason in results.order_by("issued_id", "number").values_list(
        "issued_id", "kind", "check_text", "score", "reason"
    ):
        checks[pk].append(ReportedCheck(kind, text, score, reason))
    rounds: dict[int, list[ReportedRound]] = defaultdict(list)
    for row in issued:
        rounds[row.submission_id].append(ReportedRound(row, tuple(checks[row.pk])))
    return tuple(ReportedSubmission(row, _tasks(rounds[row.pk])) for row in rows)


def _tasks(rounds: Sequence[ReportedRound]) -> tuple[ReportedTask, ...]:
    by_name = ((name, tuple(group)) for name, group in groupby(rounds, key=lambda one: one.row.task))
    return tuple(ReportedTask(name, group[0].row.template, group) for name, group in by_name)


def _frequent(checks: Sequence[ReportedCheck]) -> FrequentFailure:
    failing = [one for one in checks if one.failing]
    first = failing[0]
    return FrequentFailure(first.kind, first.text, len(failing), len(checks), first.reason)


def without_numbers(text: str) -> str:
    """Return the words and signs of `text`, with one sign for each number or word that holds a digit: by their seeds
    these differ between submissions.
    """
    words = text.translate(_APART).split()
    return " ".join(word if word.isalpha() or not any(map(str.isdecimal, word)) else "#" for word in words)


def mean(scores: Iterable[float | None]) -> float | None:
    """Return the mean of the scores that there are; None if there is none."""
    decided = [score for score in scores if score is not None]
    return math.fsum(decided) / len(decided) if decided else None


def score_text(score: float | None) -> str:
    """Return a score with two decimals, rounded down, so that only a whole 1 reads as 1.00."""
    return f"{math.floor(score * 100 + 1e-9) / 100:.2f}" if score is not None else "-"


def callback_seconds(row: IssuedTask) -> float | None:
    """Return the seconds from the accepted request to its callback; None if there was none."""
    since = row.accepted_at or row.sent_at
    return max((row.callback_at - since).total_seconds(), 0) if row.callback_at and since else None


def published(callback: object) -> dict[str, str]:
    """Return where a callback says the work is. Whatever else it holds is left out."""
    said = callback if isinstance(callback, dict) else {}
    return {name: value if isinstance(value := said.get(name), str) else "" for name in PUBLISHED}
