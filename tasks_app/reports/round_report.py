"""The read model of a round: API, console, terminal, `explain` and evidence page render it and query nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Length

from engine.domain.checks import Kind, Target
from engine.domain.lifecycle import ENDED, State, Step
from tasks_app.models import Attempt, CheckResult, Commit, SourceFile
from tasks_app.operations import clock
from tasks_app.operations.breakers import breaker_of
from tasks_app.operations.spending import spent
from tasks_app.operations.takedowns import takedown_of, takedown_sentence
from tasks_app.queries.plans import read
from tasks_app.reports.attempt_checks import AttemptChecks, by_attempt
from tasks_app.reports.changed_files import changed_files
from tasks_app.reports.headline import ALL_WELL, headline
from tasks_app.reports.plan_text import plan_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from engine.domain.check_counts import CheckCounts
    from engine.plan.schema import RequestPlan
    from tasks_app.models import (
        Attachment,
        Breaker,
        Event,
        NotificationAttempt,
        PagesStatus,
        Plan,
        Round,
        StepRun,
        Takedown,
    )
    from tasks_app.operations.spending import Spent
    from tasks_app.reports.changed_files import ChangedFile
    from tasks_app.reports.plan_text import PlanText

FLAGS = ("needs_attention", "degraded", "late", "live", "simulated")
_RESULT = ("screenshot", "console", "value")  # columns of check results that no report shows
_CALL = ("messages", "parameters", "reply", "reasoning")


@dataclass(frozen=True, slots=True)
class RoundLine:
    """A round as one line of a list."""

    row: Round
    counts: CheckCounts


@dataclass(frozen=True)
class RoundReport:
    """A round, or with `commit` one publication of it: then plan, checks, calls, polls and callbacks are the commit's.

    Each part is read once, when it is first used, by one query; the changed attachments take up to six.
    """

    row: Round
    now: datetime = field(default_factory=clock.now)
    commit: Commit | None = None

    @cached_property
    def takedown(self) -> Takedown | None:
        """Return the takedown of the page to which the round was, or would be, published; None without one."""
        return takedown_of(self.row)

    @property
    def headline(self) -> str:
        """The row's headline. "Nothing to do" is said of a completed round only if no check of the request fails."""
        if self.takedown and self.row.state in ENDED:
            rest = "" if self.row.state == State.COMPLETED else f" {self._headline}"
            return f"{takedown_sentence(self.takedown)} 'Put the page back' undoes it.{rest}"
        return self._headline

    @property
    def _headline(self) -> str:
        if pause := self.pause:
            attention = "Needs attention: it" if self.row.needs_attention else "It"
            return (
                f"{attention} waits at {self.row.step}. {pause.reason}, since {pause.since:%Y-%m-%d %H:%M} UTC. "
                "It goes on by itself once an operator ends the pause, on the console's front page."
            )
        text = headline(self.row, self.now)
        if self.row.state == State.COMPLETED and text.endswith(ALL_WELL) and (failed := self.counts.request.failed):
            checks = "1 of the request's checks fails" if failed == 1 else f"{failed} of the request's checks fail"
            return f"{text.removesuffix(ALL_WELL)}But {checks}: Regenerate writes the page again."
        return text

    @cached_property
    def pause(self) -> Breaker | None:
        """Return the operator's pause that the round waits for, None without one."""
        waits = self.row.state in {State.QUEUED, State.WAITING}
        breaker = breaker_of(Step(self.row.step)) if waits else None
        return breaker if breaker and breaker.opened_by else None

    @property
    def flags(self) -> list[str]:
        return flags(self.row)

    @property
    def run(self) -> int:
        """Return the number of the reported run."""
        return self.commit.run if self.commit else self.row.run

    # --- The request and its plan ---

    @cached_property
    def attachments(self) -> list[Attachment]:
        return list(self.row.attachments.defer("content").annotate(size=Length("content")))

    @cached_property
    def plans(self) -> Mapping[int, Plan]:
        rows = self.row.plans.select_related("attempt").defer(*(f"attempt__{name}" for name in _CALL))
        return {one.run: one for one in rows}

    @property
    def plan(self) -> RequestPlan | None:
        """Return the run's plan, None if there is none that this version can read."""
        return read(self.plans.get(self.run))

    @cached_property
    def plan_text(self) -> PlanText | None:
        """Return the run's plan in words, None before the first try to make one."""
        found = self.plans.get(self.run)
        return plan_text(self.row, found) if found else None

    # --- Attempts and their checks ---

    @cached_property
    def steps(self) -> list[StepRun]:
        return list(self.row.step_runs.all())

    @cached_property
    def attempts(self) -> list[Attempt]:
        of_run = {"run": self.commit.run} if self.commit else {}
        return list(self.row.attempts.filter(**of_run).defer(*_CALL))

    @cached_property
    def spent(self) -> Spent:
        return spent(self.row.attempts.all())

    @cached_property
    def results(self) -> Mapping[int, AttemptChecks]:
        """Return the checks of each attempt that has results."""
        return by_attempt(CheckResult.objects.filter(attempt__round=self.row).defer(*_RESULT))

    @cached_property
    def attempt_id(self) -> int | None:
        """Return the attempt whose checks are shown: the commit's, else the chosen one, else the newest judged one."""
        if self.commit:
            return self.commit.attempt_id
        return self.row.chosen_attempt_id or newest_judged(self.results)

    @cached_property
    def checks(self) -> AttemptChecks:
        return self.results.get(self.attempt_id or 0, AttemptChecks())

    @cached_property
    def counts(self) -> CheckCounts:
        return self.checks.counts

    @cached_property
    def pictures(self) -> list[CheckResult]:
        """Return the results with a screenshot, without its bytes, those before publishing first."""
        taken = CheckResult.objects.filter(attempt=self.attempt_id, kind=Kind.PAGE_LOAD, screenshot__isnull=False)
        return sorted(taken.defer(*_RESULT), key=lambda view: (view.target == Target.LIVE, view.position))

    @cached_property
    def files(self) -> list[SourceFile]:
        """Return all attempts' files without their bytes, those of the chosen attempt first."""
        found = SourceFile.objects.filter(attempt__round=self.row).defer("content").order_by("attempt", "path")
        return sorted(found, key=lambda file: file.attempt_id != self.row.chosen_attempt_id)

    @property
    def trees(self) -> set[int]:
        """Return the attempts that have files."""
        return {file.attempt_id for file in self.files}

    @cached_property
    def changed(self) -> list[ChangedFile]:
        """Return the attachments that the chosen attempt changes or lacks."""
        chosen = (one for one in self.attempts if one.pk == self.row.chosen_attempt_id)
        return changed_files(self.row, self.commit.attempt if self.commit else next(chosen, None))

    # --- Publication ---

    @cached_property
    def commits(self) -> list[Commit]:
        return list(self.row.commits.select_related("attempt").defer(*(f"attempt__{name}" for name in _CALL)))

    @property
    def evidence_url(self) -> str:
        """Return the evidence page's address for the newest pushed commit, "" without one."""
        pushed = [one for one in self.commits if one.pushed_at and one.token]
        return evidence_address(max(pushed, key=lambda one: (one.pushed_at, one.pk))) if pushed else ""

    @cached_property
    def commit_after(self) -> Commit | None:
        """Return the task's next commit, with its round: it has replaced this one."""
        if self.commit is None:
            return None
        later = Commit.objects.filter(round__task_key=self.row.task_key, pushed_at__gt=self.commit.pushed_at)
        fields = ("pushed_at", "round__number", "round__id")
        return later.order_by("pushed_at").select_related("round").only(*fields).first()

    @cached_property
    def looks(self) -> list[PagesStatus]:
        return list(self.row.pages_statuses.filter(self._within("at")))

    @cached_property
    def callbacks(self) -> list[NotificationAttempt]:
        heavy = ("body", "answer", "headers", "answer_headers")
        return list(self.row.notifications.filter(self._within("started_at")).defer(*heavy))

    @property
    def delivered(self) -> NotificationAttempt | None:
        """Return the run's first callback that the evaluator accepted."""
        taken = (sent for sent in self.callbacks if 200 <= (sent.status_code or 0) < 300)
        return next((sent for sent in taken if self.commit or sent.run == self.run), None)

    @cached_property
    def events(self) -> list[Event]:
        """Return the round's events, the oldest first."""
        return list(self.row.events.order_by("at", "pk"))

    def _within(self, moment: str) -> Q:
        """Select rows whose `moment` lies between the commit and the round's next commit."""
        if self.commit is None:
            return Q()
        later = self.commit_after
        until = Q(**{f"{moment}__lt": later.pushed_at}) if later and later.round_id == self.row.pk else Q()
        return Q(**{f"{moment}__gte": self.commit.pushed_at}) & until


def flags(row: Round) -> list[str]:
    return [flag for flag in FLAGS if getattr(row, flag)]


def round_lines(rows: Iterable[Round]) -> list[RoundLine]:
    """Return lines for many rounds; two queries count all of their checks."""
    rows = list(rows)
    of_round = {row.chosen_attempt_id: row.pk for row in rows if row.chosen_attempt_id}
    open_rounds = [row.pk for row in rows if not row.chosen_attempt_id]
    of_round |= dict(Attempt.objects.filter(round__in=open_rounds).values_list("pk", "round"))
    # Filtered by attempts alone: a condition on their rounds would make the database read all results.
    results = CheckResult.objects.filter(attempt__in=of_round).only("attempt", "position", "target", "kind", "verdict")
    by_round: dict[UUID, dict[int, AttemptChecks]] = {}
    for attempt, checks in by_attempt(results).items():
        by_round.setdefault(of_round[attempt], {})[attempt] = checks
    lines = []
    for row in rows:
        of_row = by_round.get(row.pk, {})
        shown = of_row.get(row.chosen_attempt_id or newest_judged(of_row) or 0, AttemptChecks())
        lines.append(RoundLine(row, shown.counts))
    return lines


def newest_judged(results: Mapping[int, AttemptChecks]) -> int | None:
    return max((attempt for attempt, checks in results.items() if checks.judged), default=None)


def evidence_address(commit: Commit) -> str:
    """Return the address of a commit's evidence page, "" if the commit was not pushed."""
    return f"{settings.PUBLIC_URL}/evidence/{commit.token}" if commit.token else ""
