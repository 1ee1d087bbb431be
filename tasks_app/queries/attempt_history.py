"""A round's attempts so far, and the checks that its task must still pass, as values for decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.checks.decision import JudgedAttempt, Purpose, tree_digest
from engine.domain import checks
from engine.domain.repository import Origin, SiteFile
from tasks_app.models import Attempt, CheckResult, Commit, Round, SourceFile, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The most checks of earlier rounds that are repeated, those of the newest rounds first.
MOST_KEPT = 40

_ROOTS = frozenset(Purpose)


@dataclass(frozen=True, slots=True)
class AttemptHistory:
    """The attempts since the page was last started from scratch: the judged ones, and an unjudged tree or None."""

    judged: tuple[JudgedAttempt, ...]
    new: Attempt | None
    purpose: Purpose
    parent: int | None
    call_seconds: float


def attempt_history_of(row: Round) -> AttemptHistory:
    """Return the round's attempts. Raises LookupError if the round has no tree."""
    attempts = {
        a.pk: a
        for a in Attempt.objects.filter(round=row).defer("messages", "reply", "reasoning", "parameters").order_by("pk")
    }
    trees = set(SourceFile.objects.filter(attempt__round=row).values_list("attempt_id", flat=True))
    if not trees:
        raise LookupError(f"round {row.pk} has no tree")
    first = _chain(attempts, max(trees))[-1]
    tree_of = {_root(attempts, tree): tree for tree in trees}
    roots = [a for a in attempts.values() if a.kind in _ROOTS and a.pk >= first]
    judged_trees = set(
        CheckResult.objects.filter(attempt__in=trees)
        .exclude(kind__in=checks.BEFORE_VERIFY)
        .values_list("attempt_id", flat=True)
    )
    judged = [
        _judged_attempt(root, tree_of.get(root.pk))
        for root in _distinct(roots, tree_of)
        if tree_of.get(root.pk, 0) not in trees - judged_trees
    ]
    new = attempts[max(trees)] if max(trees) not in judged_trees else None
    root = attempts[_root(attempts, max(trees))]
    longest = max((a.seconds or 0.0 for a in attempts.values() if a.pk >= first), default=0.0)
    return AttemptHistory(tuple(judged), new, Purpose(root.kind), root.parent_id, longest)


def results_of(attempt: int) -> list[checks.CheckOutcome]:
    """Return an attempt's check results from before publishing, and the failed run of its workflow if there is one."""
    rows = CheckResult.objects.filter(attempt=attempt).exclude(target=checks.Target.LIVE).defer("screenshot")
    failed_run = failed_run_of(attempt)
    return [*(result_of(row) for row in rows.order_by("position")), *([failed_run] if failed_run else [])]


def failed_run_of(attempt: int) -> checks.CheckOutcome | None:
    """Return how the workflow of an attempt's commit failed; None if it did not."""
    row = CheckResult.objects.filter(attempt=attempt, kind=checks.Kind.RUN, verdict=checks.Verdict.FAIL).first()
    return result_of(row) if row else None


def failed_run_seconds(attempt: int) -> float | None:
    """Return after how many seconds the workflow of an attempt's commit had failed; None if it did not."""
    failed_run = failed_run_of(attempt)
    value = failed_run.value if failed_run else None
    return float(value.get("seconds") or 0.0) if isinstance(value, dict) else None


def result_of(row: CheckResult) -> checks.CheckOutcome:
    """Return a check result's value, without its screenshot."""
    check = checks.Check(checks.Kind(row.kind), row.text)
    target, verdict = checks.Target(row.target), checks.Verdict(row.verdict)
    predicates = tuple(
        checks.PredicateResult(one["says"], checks.Verdict(one["verdict"]), one["seen"]) for one in row.predicates
    )
    console = tuple(row.console)
    return checks.CheckOutcome(
        check, target, verdict, row.detail, row.value, row.milliseconds, console, predicates=predicates
    )


def files_of(attempt: int) -> dict[str, SiteFile]:
    rows = SourceFile.objects.filter(attempt=attempt).values_list("path", "content", "origin")
    return {path: SiteFile(bytes(content), Origin(origin)) for path, content, origin in rows}


def regression_checks_of(row: Round) -> tuple[checks.Check, ...]:
    """Return the expressions that held in the task's earlier publications, without this round's own."""
    earlier = row.published_before()
    passed = CheckResult.objects.filter(
        attempt__in=earlier.values("chosen_attempt"), kind=checks.Kind.JS, verdict=checks.Verdict.PASS
    )
    own = {check.text for check in map(checks.parse_check, row.checks)}
    texts = passed.order_by("-attempt__round__number", "position").values_list("text", flat=True)
    removed = (
        Task.objects.filter(pk=row.task_key).values_list("regression_checks", flat=True).first()
        if row.number > 1
        else []
    )
    expressions = [text for text in dict.fromkeys([*texts, *(removed or ())]) if text not in own]
    return tuple(checks.Check(checks.Kind.EARLIER, text) for text in expressions[:MOST_KEPT])


def page_before(row: Round) -> Mapping[str, bytes]:
    """Return the files that the round before published, {} if no row has them."""
    # A round is degraded too whose workflow did not succeed; its page is none the worse.
    pages = row.published_before().exclude(chosen_attempt__kind=Purpose.FALLBACK)
    before = pages.order_by("-number", "-published_at").first()
    return (
        {} if before is None else {path: file.content for path, file in files_of(before.chosen_attempt_id or 0).items()}
    )


def computed_before(row: Round) -> tuple[str, ...]:
    """Return the files of the task's newest publication that its build script computed."""
    pushed = Commit.objects.filter(round__task_key=row.task_key, pushed_at__isnull=False).order_by("-pushed_at")
    attempt = pushed.values_list("attempt_id", flat=True).first()
    computed = (
        SourceFile.objects.filter(attempt=attempt, origin=Origin.COMPUTED) if attempt else SourceFile.objects.none()
    )
    return tuple(computed.values_list("path", flat=True))


def _chain(attempts: Mapping[int, Attempt], pk: int) -> list[int]:
    """Return an attempt, the attempt that it answers or repairs, and so on to the first."""
    chain = [pk]
    while (parent := attempts[chain[-1]].parent_id) and parent in attempts:
        chain.append(parent)
    return chain


def _root(attempts: Mapping[int, Attempt], pk: int) -> int:
    """Return the attempt that started the conversation; continuations and reminders answer it."""
    return next(one for one in _chain(attempts, pk) if attempts[one].kind in _ROOTS)


def _distinct(roots: list[Attempt], tree_of: Mapping[int, int]) -> list[Attempt]:
    """Leave out repeated calls: failed ones before another of their purpose, and first ones without a tree."""
    return [
        one
        for one, after in zip(roots, [*roots[1:], None], strict=True)
        if one.pk in tree_of or (one.kind != Purpose.GENERATE and (after is None or after.kind != one.kind))
    ]


def _judged_attempt(root: Attempt, tree: int | None) -> JudgedAttempt:
    if tree is None:
        return JudgedAttempt(root.pk, Purpose(root.kind), parent=root.parent_id)
    contents = {path: file.content for path, file in files_of(tree).items()}
    return JudgedAttempt(tree, Purpose(root.kind), tree_digest(contents), results_of(tree), root.parent_id)
