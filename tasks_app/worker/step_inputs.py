"""The frozen inputs of the steps, read from rows: one function for each step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings

from engine.checks.decision import Next, Purpose
from engine.checks.gates import unfinished
from engine.checks.workflows import publishes_pages, pushed_workflows
from engine.domain.addresses import parse_url
from engine.domain.budget import Budget
from engine.domain.checks import Kind, Target
from engine.domain.paths import WORKFLOWS
from engine.domain.publication import AwaitedCommit, FrozenCheck, Rebuild, ServedSentence
from engine.domain.repository import Origin, PagesSource
from engine.plan.fallback import fallback_plan
from engine.plan.predicates import Served, WorkflowSucceeded
from engine.plan.schema import FileSource
from engine.plan.verdicts import shortfalls
from engine.site.repository_files import marker, marker_in, repository_name
from engine.steps.contracts import (
    BestAttempt,
    ChosenTree,
    DeployInput,
    EarlierAttempts,
    EarlierRequirements,
    EarlierWork,
    FurtherAttempt,
    GenerateInput,
    ModelAccess,
    NewTree,
    NotifyInput,
    PlannedCommit,
    PublishInput,
    RepairInput,
    Requirements,
    RoundIdentity,
    RunPlan,
    VerifyInput,
)
from engine.steps.notify import callback_body
from engine.steps.planning import request_of
from engine.steps.tree import TreeContext
from tasks_app.health.browser_probe import may_work
from tasks_app.models import Attempt, CheckResult, Commit, NotificationAttempt, Round, SourceFile
from tasks_app.models.rounds import repository_of
from tasks_app.operations.breakers import breakers_open
from tasks_app.operations.forge_quota import quota_limits
from tasks_app.queries import attempt_history, briefs, plans
from tasks_app.redaction import found_in
from tasks_app.rounds.liveness_watches import rounds_looking
from tasks_app.rounds.transitions import deployed_before

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from engine.domain.brief import Brief
    from engine.domain.checks import Check, Verdict
    from engine.domain.repository import SiteFile


def budget_of(row: Round) -> Budget:
    """Return the time budget of the round's current run."""
    return Budget(row.started_at, row.deadline_at, row.reduced_until)


def generate_input(row: Round, *, model_blocked: str, given_up: str = "") -> GenerateInput:
    """Return the input of generate. `model_blocked` and `given_up` say why no model may be called."""
    return GenerateInput(
        brief=_brief(row),
        identity=RoundIdentity(row.task_key, marker(str(row.pk), row.run), row.created_at.year),
        access=ModelAccess(budget_of(row), row.failures, model_blocked, given_up),
        secret_in=found_in,
        earlier=EarlierWork(
            repository=row.publishes_to(),
            protected=briefs.protected(row),
            own_files=briefs.own_before(row),
            last_tree=lambda: _last_tree(row),
            computed=attempt_history.computed_before(row),
        ),
        run_plan=RunPlan(
            plan=plans.plan_of(row),
            is_made=plans.plan_row(row) is not None,
            cut_off=row.attempts.filter(kind="plan", run=row.run, seconds=None).count(),
        ),
        unfetched=briefs.unfetched(row),
        unreadable=briefs.unreadable(row),
        further=_further_attempt(row),
        allow_private=settings.ALLOW_PRIVATE_URLS,
        pages_origin=parse_url(_url_before_publishing(row)).origin,
        computes=may_work(),
    )


def repair_input(row: Round) -> RepairInput:
    """Return the best attempt and its findings."""
    return repair_of(row, _planned_attempt(row), run=row.run)


def repair_of(row: Round, best: Attempt, *, run: int) -> RepairInput:
    """Return an attempt and its findings, to be repaired in `run`."""
    files = attempt_history.files_of(best.pk)
    place = repository_of(row) if row.repository and row.base_sha else None
    context = tree_context_of(row, {path: file.content for path, file in files.items()}, run=run).at(place)
    return RepairInput(
        best=BestAttempt(best.pk, best.model_asked, files, attempt_history.results_of(best.pk)),
        context=replace(
            context,
            repairs=True,
            before=attempt_history.page_before(row),
            missing=briefs.missing(row),
            computed=[path for path, file in files.items() if file.origin is Origin.COMPUTED],
        ),
        base_sha=row.base_sha,
        access=ModelAccess(budget_of(row), row.failures),
        secret_in=found_in,
        run_seconds=attempt_history.failed_run_seconds(best.pk),
        computes=may_work(),
    )


def tree_context_of(row: Round, present: Mapping[str, bytes], *, run: int) -> TreeContext:
    """Return what is known of a run's tree before a model writes; `present` is the tree that the model changes."""
    brief = _brief(row)
    request = request_of(brief, present, allow_private=settings.ALLOW_PRIVATE_URLS)
    plan = plans.read(plans.plan_row_of(row, run)) or fallback_plan(request)
    return TreeContext(brief, plan, present, briefs.protected(row), marker(str(row.pk), run), row.created_at.year)


def _brief(row: Round) -> Brief:
    """Return the brief with its files and the earlier rounds of the task."""
    return replace(
        briefs.brief_of(row),
        earlier=briefs.earlier_rounds(row),
        earlier_checks=attempt_history.regression_checks_of(row),
    )


def verify_input(row: Round, *, judging: bool = False, unchecked: str = "") -> VerifyInput:
    """Return the round's newest tree if it was not judged yet, and the earlier attempts."""
    done = attempt_history.attempt_history_of(row)
    new = None
    if done.new is not None:
        tree = attempt_history.files_of(done.new.pk)
        new = NewTree(
            done.new.pk,
            done.purpose,
            {path: file.content for path, file in tree.items()},
            done.parent,
            tuple(attempt_history.results_of(done.new.pk)),
            foreign=_foreign(row, tree),
        )
    return VerifyInput(
        new=new,
        url=_url_before_publishing(row),
        requirements=Requirements(
            words=row.brief,
            checks=briefs.checks_of(row),
            plan=plans.plan_of(row),
            attachments=briefs.brief_of(row).attachments,
            missing=briefs.missing(row),
        ),
        budget=budget_of(row),
        earlier=EarlierRequirements(
            held_checks=attempt_history.regression_checks_of(row),
            plans=plans.earlier_plans(row),
            before=attempt_history.page_before(row),
            protected=briefs.protected(row),
        ),
        attempts=EarlierAttempts(
            judged=done.judged,
            call_seconds=done.call_seconds,
            tree_of=lambda attempt: {path: file.content for path, file in attempt_history.files_of(attempt).items()},
        ),
        given_up=row.decision_reason if row.decision == Next.PUBLISH else "",
        unchecked=unchecked,
        judging=judging,
    )


def publish_input(row: Round) -> PublishInput:
    """Return the chosen tree and its destination."""
    # Of any run: an earlier run's process may have pushed its planned commit and died before it could record that.
    planned = Commit.objects.filter(round=row, pushed_at=None, abandoned_at=None).order_by("-pk").first()
    tree = attempt_history.files_of(row.chosen_attempt_id or 0)
    results = attempt_history.results_of(row.chosen_attempt_id or 0)
    by_workflow = publishes_pages({path: file.content for path, file in tree.items()})
    failed = Commit.objects.filter(round=row, sha=row.commit_sha).first() if deployed_before(row) else None
    return PublishInput(
        brief=briefs.bare_brief(row),
        round_id=str(row.pk),
        task_key=row.task_key,
        accepted_at=row.created_at,
        tree=ChosenTree(
            files=tree,
            chosen_at=_set(row.chosen_at),
            base_sha=row.base_sha,
            simulated=row.simulated,
            degraded=row.degraded,
            shortfalls=tuple(shortfalls(results)),
            unfinished=unfinished(results),
        ),
        repository=row.publishes_to(),
        planned=PlannedCommit(planned.sha, planned.parent or None) if planned else None,
        pages_source=PagesSource.WORKFLOW if by_workflow else PagesSource.BRANCH,
        failed=PlannedCommit(failed.sha, failed.parent or None) if failed else None,
    )


def deploy_input(row: Round) -> DeployInput:
    """Return the commit that must become live."""
    judged = CheckResult.objects.filter(attempt=row.chosen_attempt_id).exclude(target=Target.LIVE).order_by("position")
    return DeployInput(
        awaited=awaited(row),
        published_at=_set(row.published_at),
        budget=budget_of(row),
        waiting=rounds_looking(),
        limits=quota_limits(),
        checks=tuple(FrozenCheck(r.position, *_judged(r)) for r in judged),
        sentences=tuple(_served_sentences(row, judged)),
        unrepairable=_unrepairable(row),
    )


def _unrepairable(row: Round) -> str:
    """Return why a failed workflow of the published commit must not be repaired; "" if it may be."""
    if deployed_before(row):
        return "A repair was tried once"
    if Round.objects.filter(task_key=row.task_key, number__gt=row.number).exists():
        return "It was not repaired, because a later round of the task may build on this commit"
    if "model" in breakers_open():
        return "It was not repaired, because the language model is out of service"
    return ""


def _served_sentences(row: Round, judged: Iterable[CheckResult]) -> Iterator[ServedSentence]:
    """Yield the sentences of request and plan that the served page decides, as judged before."""
    plan = plans.plan_of(row)
    if plan is None:
        return
    readings = {(Kind.TEST, one.says): one.predicates for one in plan.tests}
    for at, check in enumerate(briefs.checks_of(row)):
        reading = plan.reading(at)
        readings[check.kind, check.text] = reading.predicates if reading else []
    for result in judged:
        value = attempt_history.result_of(result)
        predicates = readings.get((value.check.kind, value.check.text), [])
        served = {at: one.path for at, one in enumerate(predicates) if isinstance(one, Served)}
        by_run = frozenset(at for at, one in enumerate(predicates) if isinstance(one, WorkflowSucceeded))
        if (served or by_run) and len(value.predicates) == len(predicates):
            yield ServedSentence(result.position, value.check, value.predicates, served, by_run)


def awaited(row: Round) -> AwaitedCommit:
    """Return the commit that the page's address must serve."""
    files = SourceFile.objects.filter(attempt=row.chosen_attempt_id)
    page = files.get(path="index.html").content
    workflows = files.filter(path__startswith=WORKFLOWS).values_list("path", "content")
    tree = {path: bytes(content) for path, content in workflows}
    plan = plans.plan_of(row)
    later = Commit.objects.filter(
        round__task_key=row.task_key, round__repository=row.repository, planned_at__gt=_set(row.published_at)
    )
    shas = frozenset(later.exclude(round=row).values_list("sha", flat=True))
    commit = Commit.objects.get(round=row, sha=row.commit_sha)
    return AwaitedCommit(
        repository_of(row),
        row.commit_sha,
        bytes(page),
        _set(row.published_at),
        rebuilds_until=row.watch_until or budget_of(row).told_by,
        marker=marker_in(bytes(page)),
        later=shas,
        rebuild=Rebuild(commit.rebuild_after, commit.rebuild_asked_at, commit.rebuilds) if commit.rebuilds else None,
        workflows=pushed_workflows({path: tree[path] for path in commit.files if path in tree}),
        outputs=tuple(one.path for one in plan.files if one.source is FileSource.WORKFLOW_OUTPUT) if plan else (),
    )


def notify_input(row: Round) -> NotifyInput:
    """Return the callback. Its bytes are those of the run's first callback, if there was one."""
    callbacks = list(NotificationAttempt.objects.filter(round=row, run=row.run).order_by("number"))
    where = {"repo_url": row.repo_url, "commit_sha": row.commit_sha, "pages_url": row.pages_url}
    return NotifyInput(
        url=row.evaluation_url,
        body=bytes(callbacks[0].body) if callbacks else callback_body(row.request, **where),
        webhook_id=f"msg_{row.pk.hex}_{row.run}",
        statuses=tuple(attempt.status_code for attempt in callbacks),
        first_at=callbacks[0].started_at if callbacks else None,
        notify_for=settings.NOTIFY_FOR_SECONDS,
        deadline=row.deadline_at,
        signing_key=settings.WEBHOOK_SIGNING_KEY,
    )


def _judged(row: CheckResult) -> tuple[Check, Verdict]:
    result = attempt_history.result_of(row)
    return result.check, result.verdict


def _foreign(row: Round, tree: Mapping[str, SiteFile]) -> frozenset[str]:
    """Return a tree's paths that hold an attachment unchanged, of this round or an earlier one."""
    carried = {path for path, file in tree.items() if file.origin is Origin.CARRIED}
    own = {path for path, file in tree.items() if file.origin is Origin.ATTACHMENT}
    return frozenset(own | (carried & set(briefs.protected(row))))


def _further_attempt(row: Round) -> FurtherAttempt | None:
    if not row.decision:
        return None
    best = _planned_attempt(row)
    return FurtherAttempt(Purpose(row.decision), best.pk, best.model_asked, row.base_sha, row.decision_reason)


def _planned_attempt(row: Round) -> Attempt:
    assert row.decision_attempt_id is not None  # the constraint `round_decision_is_whole` demands it
    return Attempt.objects.defer("messages", "reply", "reasoning").get(pk=row.decision_attempt_id)


def _url_before_publishing(row: Round) -> str:
    """Return the page's future address. The check browser opens the page there, so all paths are real."""
    name = row.repository or repository_name(row.email, row.task_name, row.nonce)
    return f"https://{(row.owner or settings.GITHUB_OWNER or 'local').lower()}.github.io/{name}/"


def _last_tree(row: Round) -> dict[str, bytes]:
    """Return the tree of the task's newest publication."""
    published = Round.objects.filter(task_key=row.task_key, published_at__isnull=False).order_by("-published_at")
    attempt = published.values_list("chosen_attempt_id", flat=True).first()
    files = SourceFile.objects.filter(attempt=attempt).values_list("path", "content") if attempt else []
    return {path: bytes(content) for path, content in files}


def _set(value: datetime | None) -> datetime:
    if value is None:
        raise LookupError("a date that this step relies on is missing")
    return value
