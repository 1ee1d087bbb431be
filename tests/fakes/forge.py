"""A forge in a dict."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.domain.paths import is_workflow
from engine.domain.publication import RunFailure, RunState, WorkflowRun
from engine.domain.repository import CommitSpec, PagesBuild, PagesSource, Reach, Repository, RepositorySpec
from engine.errors import Permanent, Transient
from tests.fakes.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass
class FakeRepository:
    """A repository's inside: `commits` by SHA, `head` None while it is empty."""

    round_hash: str
    task_key: str
    created: datetime
    commits: dict[str, CommitSpec] = field(default_factory=dict)
    head: str | None = None
    pages_on: bool = False
    source: PagesSource = PagesSource.BRANCH
    reach: Reach | None = None  # of a takedown

    def reaches(self, sha: str) -> bool:
        """Say whether a commit is the head or an ancestor of it."""
        at = self.head
        while at and at != sha:
            at = self.commits[at].parent
        return at is not None

    def add(self, spec: CommitSpec) -> str:
        """Make a commit the head, as anyone with a key could."""
        sha = commit_sha(spec)
        self.commits[sha], self.head = spec, sha
        return sha


def commit_sha(spec: CommitSpec) -> str:
    """Return 40 hex digits that depend on everything in the commit."""
    files = sorted((path, hashlib.sha256(content).hexdigest()) for path, content in spec.files.items())
    parts = [files, spec.parent, spec.message, spec.author, spec.when.isoformat()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


class FakeForge:
    """Keeps repositories in a dict; pages are built at once unless `looks` holds other answers.

    `strangers`: names that others hold. `runs` are the answers about workflow runs in order, the last one for ever.
    `empty_pages`: Pages can be enabled before there is a commit.
    """

    simulated = False
    owner = "owner"

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.repositories: dict[str, FakeRepository] = {}
        self.strangers: set[str] = set()
        self.looks: list[PagesBuild] = []
        self.runs = [WorkflowRun(RunState.SUCCEEDED, "the run succeeded", "1", "https://forge.test/run/1", "success")]
        self.failure = RunFailure("build", "Run it", ("exit code 1",))
        self.empty_pages = False
        self.takes_workflows = True
        self.faults = Faults()
        self.writes: list[str] = []
        self._now = clock

    def create(self, spec: RepositorySpec) -> Repository:
        with self.faults.around("create"):
            name, number = spec.name, 1
            while name in self.strangers or (name in self.repositories and not self._is_same(name, spec)):
                number += 1
                name = f"{spec.name}-{number}"
            if name not in self.repositories:
                self.repositories[name] = FakeRepository(spec.round_hash, spec.task_key, self._now())
                self.writes.append("create")
        return self._repository(name)

    def find(self, *, slug: str, task_key: str) -> Repository | None:
        with self.faults.around("find"):
            mine = [
                (inside.created, name)
                for name, inside in self.repositories.items()
                if name.startswith(slug) and inside.task_key == task_key and inside.head
            ]
        return self._repository(max(mine)[1]) if mine else None

    def head(self, repository: Repository) -> str | None:
        with self.faults.around("head"):
            return self._inside(repository).head

    def tree(self, repository: Repository, sha: str) -> Mapping[str, bytes]:
        with self.faults.around("tree"):
            commits = self._inside(repository).commits
            if sha not in commits:
                raise Permanent("commit_missing", f"There is no commit {sha}.")
            return dict(commits[sha].files)

    def compute(self, spec: CommitSpec) -> str:
        return commit_sha(spec)

    def commit(self, repository: Repository, spec: CommitSpec) -> bool:
        with self.faults.around("commit"):
            inside = self._inside(repository)
            if inside.reaches(commit_sha(spec)):
                return True
            if inside.head != spec.expected_head:
                return False
            if not self.takes_workflows and any(map(is_workflow, spec.files)):
                raise Permanent("workflow_refused", "The token needs the scope workflow.")
            inside.add(spec)
            self.writes.append("commit")
        return True

    def enable_pages(self, repository: Repository, source: PagesSource = PagesSource.BRANCH) -> Repository:
        with self.faults.around("enable_pages"):
            inside = self._inside(repository)
            if inside.head is None and not self.empty_pages:
                raise Transient("pages_not_ready", "The main branch must exist.", 2.0)
            if inside.source is not source:
                self.writes.append(f"pages {source}")
            inside.pages_on, inside.source = True, source
        return self._repository(repository.name)

    def workflow_run(self, repository: Repository, sha: str, paths: Sequence[str]) -> WorkflowRun:
        del sha, paths
        with self.faults.around("workflow_run"):
            self._inside(repository)
            return self.runs.pop(0) if len(self.runs) > 1 else self.runs[0]

    def run_failure(self, repository: Repository, run: WorkflowRun) -> RunFailure:
        del repository, run
        return self.failure

    def rebuild(self, repository: Repository) -> None:
        with self.faults.around("rebuild"):
            self._inside(repository)
            self.writes.append("rebuild")

    def take_down(self, repository: Repository, reach: Reach) -> None:
        with self.faults.around("take_down"):
            if repository.name in self.repositories:
                inside = self._inside(repository)
                inside.pages_on, inside.reach = False, reach
                self.writes.append(f"down {reach}")

    def put_back(self, repository: Repository, reach: Reach) -> None:
        del reach
        with self.faults.around("put_back"):
            inside = self._inside(repository)
            inside.pages_on, inside.reach = True, None
            self.writes.append("back")

    def pages_build(self, repository: Repository, sha: str) -> PagesBuild:
        del sha
        with self.faults.around("pages_build"):
            inside = self._inside(repository)
            if self.looks:
                return self.looks.pop(0)
            return PagesBuild("built", inside.head) if inside.head and inside.pages_on else PagesBuild("queued", None)

    def _is_same(self, name: str, spec: RepositorySpec) -> bool:
        inside = self.repositories[name]
        same = (inside.round_hash, inside.task_key) == (spec.round_hash, spec.task_key)
        return same and inside.created >= spec.not_before

    def _inside(self, repository: Repository) -> FakeRepository:
        if repository.name not in self.repositories:
            raise Permanent("repository_gone", f"There is no repository {repository.name}.")
        return self.repositories[repository.name]

    def _repository(self, name: str) -> Repository:
        pages = f"https://pages.test/{name}/" if self.repositories[name].pages_on else ""
        source = self.repositories[name].source
        return Repository(self.owner, name, f"https://forge.test/{self.owner}/{name}", pages, source)
