"""The step publish: commit the chosen tree to the repository's head, and enable Pages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.domain.paths import is_workflow
from engine.domain.repository import CommitSpec, Origin, PagesSource, Repository, RepositorySpec
from engine.errors import Permanent, Transient
from engine.site import repository_files as names
from engine.steps.contracts import PlannedCommit, Published

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.ports import Ports
    from engine.steps.contracts import PublishInput

AUTHOR = "LLM DevOps Engine <engine@llm-devops-engine.invalid>"

#: The most times that the head may move during one claim before the round waits.
MAX_MOVES = 5


def publish(task: PublishInput, ports: Ports) -> Published:
    """Return the pushed commit. A replay creates no second repository and no second commit.

    If somebody deleted or renamed the repository, the tree goes to a new one, with a warning.

    Raises Transient, OutOfService, Permanent as the forge does.
    """
    for sentence in task.tree.shortfalls:
        ports.journal.warn(sentence)
    try:
        return _published(task, ports)
    except Permanent as error:
        if error.code != "repository_gone":
            raise
        if task.repository is None:
            raise Transient("repository_not_seen", f"It was made a moment ago, but: {error.message}") from None
        ports.journal.warn(f"{error.message} This round goes to a new repository.")
        if task.planned:
            ports.journal.commit_abandoned(sha=task.planned.sha)
        elsewhere = replace(task, repository=None, planned=None, failed=None, tree=replace(task.tree, base_sha=""))
        return _published(elsewhere, ports)


def _published(task: PublishInput, ports: Ports) -> Published:
    place = task.repository or ports.forge.create(_spec(task))
    ports.journal.repository_made(place)
    place, without = _with_source(task, ports, place), ""
    try:
        sha = _pushed(task, ports, place)
    except Permanent as error:
        if error.code != "workflow_refused":
            raise
        # The page counts too, and a token that lacks a permission for workflows may publish it.
        without = f"The repository is published without its workflow. {error.message}"
        task = _without_workflows(task)
        place = _with_source(task, ports, place)
        sha = _pushed(task, ports, place)
    place = ports.forge.enable_pages(place, task.pages_source)
    degraded = " ".join(filter(None, (task.tree.unfinished, without)))
    return Published(place, sha, f"commit {sha[:10]} in {place.owner}/{place.name}", degraded=degraded)


def _pushed(task: PublishInput, ports: Ports, place: Repository) -> str:
    return _replayed(task, ports, place) or _committed(task, ports, place)


def _without_workflows(task: PublishInput) -> PublishInput:
    files = {path: file for path, file in task.tree.files.items() if not is_workflow(path)}
    return replace(task, tree=replace(task.tree, files=files), pages_source=PagesSource.BRANCH)


def _with_source(task: PublishInput, ports: Ports, place: Repository) -> Repository:
    """Have Pages published by the tree's source before the tree arrives, if that differs from the repository's.

    The push starts the workflow, which publishes to Pages; and the push of a branch starts a build only if Pages is
    published by it. GitHub may refuse a workflow for a repository without a branch. Then a first commit makes the
    branch, and ours replaces it.
    """
    if place.pages_source is task.pages_source:
        return place
    try:
        place = ports.forge.enable_pages(place, task.pages_source)
    except Transient as refused:
        if refused.code != "pages_not_ready" or ports.forge.head(place) is not None:
            raise
        first = _first_commit(task)
        sha = ports.forge.compute(first)
        ports.journal.commit_planned(sha=sha, parent=None, paths=sorted(first.files))
        ports.forge.commit(place, first)
        ports.journal.commit_abandoned(sha=sha)
        place = ports.forge.enable_pages(place, task.pages_source)
    ports.journal.repository_made(place)
    return place


def _first_commit(task: PublishInput) -> CommitSpec:
    """Return the commit that makes the branch of a new repository. It is the same in every replay."""
    text = "Make the branch, so that GitHub Pages can be switched on. The round's commit replaces this one.\n"
    return CommitSpec(files={".nojekyll": b""}, parent=None, message=text, author=AUTHOR, when=task.accepted_at)


def message(task: PublishInput) -> str:
    """Return the commit's message: the round, the start of its brief, and who wrote the page.

    By `Task-Key` the forge finds the repository of a task that has no row left. It does not reveal whose task it is.
    """
    title = " ".join(task.brief.text.split())
    lines = [f"Round {task.brief.number}: {title[:60]}{'…' if len(title) > 60 else ''}", "", f"Task: {task.brief.task}"]
    if task.tree.degraded:
        lines.append("This is a fallback page in place of the app: no acceptable one could be made.")
    elif task.tree.simulated:
        lines.append("The page was written by a simulated model, not by a language model.")
    return "\n".join([*lines, "", f"Task-Key: {task.task_key[:16]}", f"Round-Id: {task.round_id}", ""])


def _spec(task: PublishInput) -> RepositorySpec:
    brief = task.brief
    hash_ = names.round_hash(brief.email, brief.task, brief.nonce)
    return RepositorySpec(
        name=names.repository_name(brief.email, brief.task, brief.nonce),
        round_hash=hash_,
        task_key=task.task_key,
        description=names.description(brief.text, hash_),
        not_before=task.accepted_at,
    )


def _replayed(task: PublishInput, ports: Ports, place: Repository) -> str | None:
    """Push an earlier claim's planned commit again; None if there is none or the head has moved."""
    if task.planned is None:
        return None
    may_replace = task.failed is not None or task.pages_source is PagesSource.WORKFLOW
    replaced = _replaced(task, ports, ports.forge.head(place)) if may_replace else None
    spec = _commit(task, ports, place, task.planned.parent, replaced)
    if ports.forge.compute(spec) == task.planned.sha and ports.forge.commit(place, spec):
        return task.planned.sha
    ports.journal.commit_abandoned(sha=task.planned.sha)
    return None


def _committed(task: PublishInput, ports: Ports, place: Repository) -> str:
    for _ in range(MAX_MOVES):
        head = ports.forge.head(place)
        replaced = _replaced(task, ports, head)
        spec = _commit(task, ports, place, replaced.parent if replaced else head, replaced)
        sha = ports.forge.compute(spec)
        ports.journal.commit_planned(sha=sha, parent=spec.parent, paths=sorted(spec.files))
        try:
            if ports.forge.commit(place, spec):
                return sha
        except Permanent:
            # A later claim may have another repository and must not find this commit.
            ports.journal.commit_abandoned(sha=sha)
            raise
        ports.journal.commit_abandoned(sha=sha)
    raise Transient(
        "head_moves", f"The head of {place.owner}/{place.name} moved {MAX_MOVES} times while a commit was put on it."
    )


def _replaced(task: PublishInput, ports: Ports, head: str | None) -> PlannedCommit | None:
    """Return the head if it is a commit of this round that ours must replace: the failed one, or the first."""
    if head and task.failed and head == task.failed.sha:
        return task.failed
    if head and head == ports.forge.compute(_first_commit(task)):
        return PlannedCommit(head, None)
    return None


def _commit(
    task: PublishInput, ports: Ports, place: Repository, parent: str | None, replaced: PlannedCommit | None = None
) -> CommitSpec:
    return CommitSpec(
        files=_tree_on(task, ports, place, parent),
        parent=parent,
        message=message(task),
        author=AUTHOR,
        when=task.tree.chosen_at,
        replaces=replaced.sha if replaced else None,
    )


def _tree_on(task: PublishInput, ports: Ports, place: Repository, parent: str | None) -> dict[str, bytes]:
    """Return the tree for a commit on `parent`. If the head has moved, its own files stay beside our changes."""
    chosen = {path: file.content for path, file in task.tree.files.items()}
    if not parent or parent == task.tree.base_sha:
        return chosen
    before = _tree_before(task, ports, place)
    head_files = {p: c for p, c in ports.forge.tree(place, parent).items() if p in chosen or p not in before}
    changed_files = {p: f.content for p, f in task.tree.files.items() if f.origin is not Origin.CARRIED}
    return head_files | changed_files


def _tree_before(task: PublishInput, ports: Ports, place: Repository) -> Mapping[str, bytes]:
    """Return the tree that ours was made for; empty if its commit is in no branch any more.

    The commit of an earlier round may have been replaced meanwhile, because its workflow had failed.
    """
    try:
        return ports.forge.tree(place, task.tree.base_sha) if task.tree.base_sha else {}
    except Permanent as error:
        if error.code != "commit_missing":
            raise
        return {}
