"""What the double knows: accounts, repositories with real git inside, and whose token is good."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dulwich.object_store import commit_tree_changes, iter_tree_contents
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from tests.doubles.github.builds import Builds
from tests.doubles.github.faults import Faults
from tests.doubles.github.limits import Limits
from tests.doubles.github.routes import Refused
from tests.doubles.github.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAIN = Ref(b"refs/heads/main")
LONGEST_NAME = 100
LONGEST_DESCRIPTION = 350


class Clock:
    """The time, in seconds since 1970, which a test can let pass."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return datetime.now(UTC).timestamp() + self.offset


@dataclass(frozen=True)
class Account:
    """A user or an organisation."""

    id: int
    login: str
    kind: str = "User"


@dataclass
class Repository:
    """A repository; `source` is where Pages are taken from, None while they are off."""

    id: int
    owner: Account
    name: str
    description: str | None
    created: float
    git: Repo
    builds: Builds
    runs: Runs
    options: dict[str, object] = field(default_factory=dict)
    source: dict[str, str] | None = None
    build_type: str = "legacy"
    pushed: float = 0
    private: bool = False
    archived: bool = False

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def main(self) -> str | None:
        """The SHA of branch main."""
        return self.ref(MAIN)

    def ref(self, name: bytes) -> str | None:
        try:
            return self.git.refs[Ref(name)].decode()
        except KeyError:
            return None

    def commit(self, sha: str) -> Commit:
        found = self.git.object_store[ObjectID(sha.encode())]
        if not isinstance(found, Commit):
            raise KeyError(sha)
        return found

    def history(self, head: str | None) -> Iterator[Commit]:
        """Yield a commit and its ancestors, newest first."""
        if head:
            for entry in self.git.get_walker(include=[ObjectID(head.encode())]):
                yield entry.commit


class State:
    """Everything, under one lock. Whoever reads or changes repositories holds it."""

    def __init__(self, *, login: str, organisation: str, token: str, build_seconds: float) -> None:
        self.lock = threading.RLock()
        self.root = Path(tempfile.mkdtemp(prefix="github-double-"))
        self.clock = Clock()
        self.faults = Faults()
        self.limits = Limits(self.clock)
        self.token = token
        self.revoked = False
        self.expires = "2027-06-01 12:00:00 UTC"
        self.scopes: str | None = None  # of a classic token: "repo, workflow"; None: a fine-grained one
        self.lacking: set[str] = (
            set()
        )  # permissions that the token has not got: administration, contents, pages, workflows
        self.build_seconds = build_seconds
        self.run_seconds: float | None = None  # of a workflow's run; None: as long as a build
        self.actions_enabled = True
        self.outputs: dict[str, bytes] = {}  # what workflows' runs publish besides the files of the commit
        self.empty_pages = False  # whether Pages by a workflow may be switched on in a repository without a branch
        self.call_seconds = 0.0  # before each answer of the API and of git
        self.api = self.pages = ""
        self.accounts = {
            account.login.lower(): account
            for account in (
                Account(1001, login),
                Account(1002, organisation, "Organization"),
                Account(1003, "somebody-else"),
            )
        }
        self.login = login
        self.repositories: dict[int, Repository] = {}
        self.moved: dict[tuple[str, str], int] = {}
        self._last_id = 4000

    def close(self) -> None:
        with self.lock:
            for repository in self.repositories.values():
                repository.git.close()
        shutil.rmtree(self.root, ignore_errors=True)

    # --- Repositories

    def find(self, owner: str, name: str) -> Repository | None:
        wanted = (owner.lower(), name.lower())
        for repository in self.repositories.values():
            if (repository.owner.login.lower(), repository.name.lower()) == wanted:
                return repository
        return None

    def get(self, owner: str, name: str) -> Repository:
        """Return a repository. Raises KeyError."""
        found = self.find(owner, name)
        if found is None:
            raise KeyError(f"{owner}/{name}")
        return found

    def files(self, repository: Repository) -> dict[str, bytes]:
        """Return the files at the head of branch main."""
        if not repository.main:
            return {}
        store = repository.git.object_store
        entries = iter_tree_contents(store, repository.commit(repository.main).tree)
        return {entry.path.decode(): store[entry.sha].as_raw_string() for entry in entries}

    def renamed(self, owner: str, name: str) -> Repository | None:
        """Return the repository that had this name once."""
        return self.repositories.get(self.moved.get((owner.lower(), name.lower()), 0))

    def owned(self, login: str) -> list[Repository]:
        """Return an account's repositories, newest first."""
        found = [each for each in self.repositories.values() if each.owner.login.lower() == login.lower()]
        return sorted(found, key=lambda each: each.id, reverse=True)

    def create(self, owner: Account, name: str, description: str | None, **options: object) -> Repository:
        """Make an empty repository. Raises Refused(422)."""
        name = _checked_name(name)
        _check_description(description)
        if self.find(owner.login, name):
            raise Refused(422, "Repository creation failed.", _wrong("name", "name already exists on this account"))
        self.moved.pop((owner.login.lower(), name.lower()), None)
        self._last_id += 1
        path = self.root / f"{self._last_id}.git"
        git = Repo.init_bare(path, mkdir=True, default_branch=b"main")
        made = Repository(
            self._last_id,
            owner,
            name,
            description,
            self.clock(),
            git,
            Builds(self.clock),
            Runs(self.clock),
            options,
            pushed=self.clock(),
        )
        self.repositories[made.id] = made
        return made

    def delete(self, repository: Repository) -> None:
        del self.repositories[repository.id]
        repository.git.close()
        shutil.rmtree(self.root / f"{repository.id}.git", ignore_errors=True)

    def rename(self, repository: Repository, name: str) -> None:
        """Give another name; the old one leads to it from now on. Raises Refused(422)."""
        name = _checked_name(name)
        taken = self.find(repository.owner.login, name)
        if taken and taken is not repository:
            raise Refused(422, "Validation Failed", _wrong("name", "name already exists on this account"))
        self.moved[repository.owner.login.lower(), repository.name.lower()] = repository.id
        self.moved.pop((repository.owner.login.lower(), name.lower()), None)
        repository.name = name

    # --- Commits

    def write(self, repository: Repository, files: Mapping[str, bytes | None], message: str, author: str = "") -> str:
        """Commit changed files (None: removed) on branch main as GitHub itself or a stranger would; return the SHA."""
        store, head = repository.git.object_store, repository.main
        tree = store[repository.commit(head).tree] if head else Tree()
        assert isinstance(tree, Tree)
        changes: list[tuple[bytes, int | None, ObjectID | None]] = []
        for path, content in files.items():
            blob = Blob.from_string(content or b"")
            store.add_object(blob)
            changes.append((path.encode(), *((None, None) if content is None else (0o100644, blob.id))))
        commit = Commit()
        commit.tree = commit_tree_changes(store, tree, changes)
        commit.parents = [ObjectID(head.encode())] if head else []
        commit.author = commit.committer = (author or f"{self.login} <{self.login}@users.noreply.example>").encode()
        commit.author_time = commit.commit_time = int(self.clock())
        commit.author_timezone = commit.commit_timezone = 0
        commit.message = message.encode()
        store.add_object(commit)
        self.move(repository, MAIN, commit.id.decode())
        return commit.id.decode()

    def move(self, repository: Repository, ref: bytes, sha: str) -> None:
        """Point a branch at a commit, with what follows from it: a push starts runs, and a build of Pages."""
        repository.git.refs[Ref(ref)] = ObjectID(sha.encode())
        repository.pushed = self.clock()
        if self.actions_enabled:
            self.run(repository, sha)
        by_branch = repository.source if repository.build_type == "legacy" else None
        if by_branch and ref == b"refs/heads/" + by_branch["branch"].encode():
            self.build(repository)

    def run(self, repository: Repository, sha: str) -> None:
        """Start the runs of the workflows in a pushed commit."""
        files = self.files(repository)
        if any(path.startswith(".github/workflows/") for path in files):
            seconds = self.build_seconds if self.run_seconds is None else self.run_seconds
            repository.runs.begin(sha, files, seconds, self.faults.take("run"), self.outputs)

    def build(self, repository: Repository) -> None:
        """Start a build of the head of the branch of Pages."""
        assert repository.source
        head = repository.ref(b"refs/heads/" + repository.source["branch"].encode())
        if head is None:
            return
        rule, lag = self.faults.take("build"), self.faults.take("cdn")
        outcome = rule.outcome if rule else ""
        repository.builds.begin(
            head, self.build_seconds, outcome, rule.message if rule else "", stale=lag.seconds if lag else 0
        )
        if outcome == "superseded":
            self.stranger_commits(repository)

    def stranger_commits(self, repository: Repository, files: Mapping[str, bytes | None] | None = None) -> str:
        """Commit as somebody else does who may write here."""
        files = files or {f"stranger-{len(list(repository.history(repository.main)))}.txt": b"I was here.\n"}
        return self.write(repository, files, "Somebody else's change\n", "Somebody Else <somebody@else.example>")


def _checked_name(name: str) -> str:
    """Return the name that GitHub makes of one. Raises Refused(422)."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).removesuffix(".git")
    if len(name) > LONGEST_NAME:
        raise Refused(
            422,
            "Repository creation failed.",
            _wrong("name", f"name is too long (maximum is {LONGEST_NAME} characters)"),
        )
    if name in ("", ".", "..") or name.endswith(".wiki"):
        raise Refused(422, "Repository creation failed.", _wrong("name", "name is invalid"))
    return name


def _check_description(description: str | None) -> None:
    if description and re.search(r"[\x00-\x1f\x7f]", description):
        reason = "description control characters are not allowed"
    elif description and len(description) > LONGEST_DESCRIPTION:
        reason = f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)"
    else:
        return
    raise Refused(422, "Repository creation failed.", _wrong("description", reason))


def _wrong(name: str, message: str) -> dict[str, str]:
    return {"resource": "Repository", "code": "custom", "field": name, "message": message}
