"""A forge on this machine: bare git repositories under one folder, with pages served from the head commit.

A repository is made under a temporary name and then renamed, so that a kill leaves no incomplete repository.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dulwich.errors import NotGitRepository
from dulwich.file import FileLocked
from dulwich.objects import Commit, ObjectID
from dulwich.refs import Ref
from dulwich.repo import Repo

from engine.adapters.git_commit import build_commit, read_tree
from engine.adapters.local import repository_locks
from engine.adapters.local.pages import look_up
from engine.domain.publication import RunFailure, RunState, WorkflowRun
from engine.domain.repository import PagesBuild, PagesSource, Reach, Repository
from engine.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.adapters.local.pages import PageFile, Redirect
    from engine.domain.repository import CommitSpec, RepositorySpec

BRANCH = Ref(b"refs/heads/main")
COMMIT_TRIES = 20

#: Names with a leading dot are for repositories that are being made.
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_SECTION = (b"engine",)
_PAGES_ON = "pages-on"
_TAKEN_DOWN = "taken-down"  # a file that holds the reach


class LocalForge:
    """Stores repositories at `root/<owner>/<name>.git`. Any number of threads and processes may share the folder."""

    simulated = False

    def __init__(self, root: Path, *, owner: str = "local", pages_origin: str) -> None:
        if not _NAME.fullmatch(owner):
            raise ValueError(f"{owner!r} cannot be an owner's name.")
        self._root = root
        self._owner = owner
        self._origin = pages_origin.rstrip("/")

    def create(self, spec: RepositorySpec) -> Repository:
        """Make an empty repository, or adopt the one that this round made before. A taken name gets -2, -3, …"""
        number = 1
        while True:
            name = spec.name if number == 1 else f"{spec.name}-{number}"
            if self._make(name, spec) or self._is_same(name, spec):
                return self._repository(name)
            number += 1

    def find(self, *, slug: str, task_key: str) -> Repository | None:
        """Return the task's newest repository that has a commit."""
        created: list[tuple[str, str]] = []
        for path in (self._root / self._owner).glob("*.git"):
            name = path.name.removesuffix(".git")
            marks = self._marks(name) if name.startswith(slug) else {}
            if marks.get("task") == task_key:
                created.append((marks["created"], name))
        for _, name in sorted(created, reverse=True):
            repository = self._repository(name)
            if self.head(repository):
                return repository
        return None

    def head(self, repository: Repository) -> str | None:
        """Return the SHA of branch main, None for an empty repository. Raises Permanent(repository_gone)."""
        with self._opened(repository) as repo:
            return _head(repo)

    def tree(self, repository: Repository, sha: str) -> Mapping[str, bytes]:
        """Return all regular files of a commit by path. Raises Permanent (repository_gone, commit_missing)."""
        with self._opened(repository) as repo:
            return read_tree(repo.object_store, sha)

    def compute(self, spec: CommitSpec) -> str:
        """Return the SHA that `commit` would give, and write nothing. Raises Permanent (unsafe_path, bad_commit)."""
        return build_commit(spec).sha

    def commit(self, repository: Repository, spec: CommitSpec) -> bool:
        """Make `spec` the head if the head is as it expects. True: the head has it. False: the head is another commit.

        Raises Permanent (repository_gone, unsafe_path, bad_commit), Transient(ref_locked).
        """
        built = build_commit(spec)
        with self._opened(repository) as repo, repository_locks.writing(Path(repo.path)):
            for _ in range(COMMIT_TRIES):
                head = _head(repo)
                if head and _reaches(repo, head, built.sha):
                    return True
                if head != spec.expected_head:
                    return False
                repo.object_store.add_objects([(item, None) for item in built.objects])
                with suppress(FileLocked):
                    if _swap(repo, spec.expected_head, built.sha):
                        return True
                repository_locks.take_stale(Path(repo.path) / BRANCH.decode())
                time.sleep(0.01)
        raise Transient("ref_locked", f"Another program holds the lock of {repository.name}'s branch.")

    def enable_pages(self, repository: Repository, source: PagesSource = PagesSource.BRANCH) -> Repository:
        """Switch pages on; they are served from the head, whatever the source. Raises Permanent(repository_gone)."""
        with self._opened(repository) as repo:
            (Path(repo.path) / _PAGES_ON).touch()
        return replace(self._repository(repository.name), pages_source=source)

    def take_down(self, repository: Repository, reach: Reach) -> None:
        """Serve no page of it; with Reach.PRIVATE no clone either. A repository that is gone has no page."""
        with suppress(Permanent), self._opened(repository) as repo:
            mark = Path(repo.path) / _TAKEN_DOWN
            draft = mark.with_name(f"{_TAKEN_DOWN}.new")
            draft.write_text(reach)
            draft.rename(mark)

    def put_back(self, repository: Repository, reach: Reach) -> None:
        """Serve its page and clones again. Raises Permanent(repository_gone)."""
        del reach
        with self._opened(repository) as repo:
            (Path(repo.path) / _TAKEN_DOWN).unlink(missing_ok=True)

    def taken_down(self, owner: str, name: str) -> Reach | None:
        """Return how a page was taken down, None if it was not."""
        if not (_NAME.fullmatch(owner) and _NAME.fullmatch(name)):
            return None
        try:
            return Reach((self._root / owner / f"{name}.git" / _TAKEN_DOWN).read_text())
        except OSError:
            return None

    def pages_build(self, repository: Repository, sha: str) -> PagesBuild:
        """Return the head as built, since pages are served from it. Raises Permanent(repository_gone)."""
        del sha
        with self._opened(repository) as repo:
            head, pages_on = _head(repo), (Path(repo.path) / _PAGES_ON).exists()
        if head and pages_on:
            return PagesBuild("built", head)
        return PagesBuild("queued", None, "Nothing is committed yet." if pages_on else "Pages are off.")

    def workflow_run(self, repository: Repository, sha: str, paths: Sequence[str]) -> WorkflowRun:
        """Return that nothing was run."""
        del repository, sha, paths
        return WorkflowRun(RunState.NOT_RUN, "the local forge runs no workflows")

    def run_failure(self, repository: Repository, run: WorkflowRun) -> RunFailure:
        """Return nothing, because no run fails."""
        del repository, run
        return RunFailure()

    def rebuild(self, repository: Repository) -> None:
        """Do nothing, because a local forge has no builds."""

    def page(self, owner: str, name: str, path: str) -> PageFile | Redirect | None:
        """Return the file or redirect for a decoded path inside a site; None without such a site, file or 404 page."""
        with suppress(Permanent), self.opened(owner, name) as repo:
            head = _head(repo)
            if head and (Path(repo.path) / _PAGES_ON).exists():
                return look_up(repo.object_store, head, path)
        return None

    @contextmanager
    def opened(self, owner: str, name: str) -> Iterator[Repo]:
        """Open a repository for reading, by names from a URL. Raises Permanent(repository_gone)."""
        missing = Permanent("repository_gone", f"There is no repository {owner}/{name}.")
        if not (_NAME.fullmatch(owner) and _NAME.fullmatch(name)):
            raise missing
        try:
            repo = Repo(str(self._root / owner / f"{name}.git"))
        except NotGitRepository:
            raise missing from None
        with repo:
            yield repo

    @contextmanager
    def _opened(self, repository: Repository) -> Iterator[Repo]:
        with self.opened(repository.owner, repository.name) as repo:
            yield repo

    def _repository(self, name: str) -> Repository:
        pages = (self._path(name) / _PAGES_ON).exists()
        pages_url = f"{self._origin}/pages/{self._owner}/{name}/" if pages else ""
        return Repository(self._owner, name, f"{self._origin}/git/{self._owner}/{name}.git", pages_url)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise Permanent("bad_name", f"{name!r} cannot be a repository's name.")
        return self._root / self._owner / f"{name}.git"

    def _make(self, name: str, spec: RepositorySpec) -> bool:
        """Make the repository under this name. Returns False if the name is taken."""
        path = self._path(name)
        if path.exists():
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".new-", dir=path.parent))
        try:
            beside.chmod(0o755)
            with Repo.init_bare(beside, default_branch=b"main") as repo:
                repo.set_description(spec.description.encode())
                config = repo.get_config()
                marks = {"round": spec.round_hash, "task": spec.task_key, "created": datetime.now(UTC).isoformat()}
                for key, value in marks.items():
                    config.set(_SECTION, key.encode(), value.encode())
                config.write_to_path()
            # A rename onto a folder that is not empty fails: https://man7.org/linux/man-pages/man2/rename.2.html
            beside.rename(path)
        except OSError:
            if not path.exists():
                raise
            return False
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return True

    def _is_same(self, name: str, spec: RepositorySpec) -> bool:
        marks = self._marks(name)
        same = (marks.get("round"), marks.get("task")) == (spec.round_hash, spec.task_key)
        return same and datetime.fromisoformat(marks["created"]) >= spec.not_before

    def _marks(self, name: str) -> Mapping[str, str]:
        """Return the round, task and creation time of a repository; empty if this forge did not make it."""
        with suppress(Permanent, KeyError), self.opened(self._owner, name) as repo:
            section = repo.get_config().items(_SECTION)
            return {key.decode(): value.decode() for key, value in section}
        return {}


def _head(repo: Repo) -> str | None:
    with suppress(KeyError):
        return repo.refs[BRANCH].decode()
    return None


def _swap(repo: Repo, old: str | None, new: str) -> bool:
    if old is None:
        return repo.refs.add_if_new(BRANCH, ObjectID(new.encode()))
    return repo.refs.set_if_equals(BRANCH, ObjectID(old.encode()), ObjectID(new.encode()))


def _reaches(repo: Repo, head: str, sha: str) -> bool:
    """Say whether a commit is the head or an ancestor of it."""
    waiting, visited = [ObjectID(head.encode())], set[ObjectID]()
    while waiting:
        current = waiting.pop()
        if current == sha.encode():
            return True
        commit = repo.object_store[current]
        if current not in visited and isinstance(commit, Commit):
            waiting.extend(commit.parents)
        visited.add(current)
    return False
