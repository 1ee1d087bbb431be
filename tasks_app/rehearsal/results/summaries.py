"""The figures of many rehearsals or submissions for a list, counted by the database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Avg, Count, F, Q

from tasks_app.models import IssuedTask, RehearsalResult, Submission
from tasks_app.rehearsal.judging.contracts import LEAST_GRADE
from tasks_app.rehearsal.results.report import mean

if TYPE_CHECKING:
    from collections.abc import Collection


#: The results that `is_failing` says it of.
FAILING = Q(score__lt=LEAST_GRADE) | Q(score__lt=1) & ~Q(kind="text")


@dataclass(slots=True)
class ResultSummary:
    """The figures of one rehearsal or submission, by the same rules as its report."""

    submissions: int = 0
    rounds: int = 0
    judged: int = 0
    failing: int = 0
    undecided: int = 0
    round_scores: dict[int, list[float | None]] = field(default_factory=lambda: defaultdict(list))

    @property
    def score(self) -> float | None:
        """The mean of the submissions, each of which is the mean of its rounds."""
        return mean(mean(scores) for scores in self.round_scores.values())


def rehearsal_summaries(pks: Collection[int]) -> dict[int, ResultSummary]:
    """Return the summaries of rehearsals by their keys, in three queries."""
    found = _summaries("submission__rehearsal", pks)
    counts = (
        Submission.objects.filter(rehearsal__in=pks).values_list("rehearsal_id").annotate(count=Count("pk")).order_by()
    )
    for pk, count in counts:
        found[pk].submissions = count
    return found


def submission_summaries(pks: Collection[int]) -> dict[int, ResultSummary]:
    """Return the summaries of submissions by their keys, in two queries."""
    return _summaries("submission", pks)


def _summaries(of: str, pks: Collection[int]) -> dict[int, ResultSummary]:
    found = {pk: ResultSummary() for pk in pks}
    issued = IssuedTask.objects.filter(**{f"{of}__in": pks}).values_list(f"{of}_id").order_by()
    for pk, rounds, judged in issued.annotate(rounds=Count("pk"), judged=Count("judged_at")):
        found[pk].rounds, found[pk].judged = rounds, judged
    results = RehearsalResult.objects.filter(**{f"issued__{of}__in": pks}).annotate(owner=F(f"issued__{of}_id"))
    by_round = results.order_by().values_list("owner", "issued__submission_id", "issued_id")
    for pk, submission, _round, score, failing, undecided in by_round.annotate(
        mean=Avg("score"),
        failing=Count("pk", filter=FAILING),
        undecided=Count("pk", filter=Q(score__isnull=True)),
    ):
        summary = found[pk]
        summary.round_scores[submission].append(score)
        summary.failing += failing
        summary.undecided += undecided
    return found
