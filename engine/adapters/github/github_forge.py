"""The port Forge on GitHub: REST for repositories, `pages` for GitHub Pages, git for commits.

Round 1 takes two REST writes (create, Pages) and one push; a later round takes one push. If the result of a write is
unclear, we do not repeat the write: we read the state and adopt it, or the round tries again later.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine.adapters.git_commit import build_commit
from engine.adapters.github.errors import account_refused, permission_missing, quoted
from engine.adapters.github.git import GitHubGit
from engine.adapters.github.pages import GitHubPages
from engine.adapters.github.push import GitHubPush
from engine.adapters.github.rest import GitHubRest
from engine.adapters.github.runs import GitHubRuns
from engine.adapters.github.takedowns import GitHubTakedowns
from engine.adapters.github.token import is_organisation, login_of, try_token
from engine.domain.repository import PagesSource, Repository
from engine.errors import OutOfService, Permanent, RateLimited, Transient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.domain.publication import RunFailure, WorkflowRun
    from engine.domain.repository import CommitSpec, Credential, PagesBuild, Reach, RepositorySpec
    from engine.ports import Clock, Quota

#: GitHub's clock and ours may differ by this much.
SKEW = timedelta(minutes=1)
#: Names that are tried for one repository.
MOST_NAMES = 20
#: `find` reads this many pages of 100 repositories, and the heads of this many repositories with the task's slug.
MOST_PAGES = 5
MOST_CANDIDATES = 10


class Stranger:
    """A repository that this round did not make has the name."""


class GitHubForge:
    """Keeps repositories in one account. Thread-safe; any number of processes may share the token."""

    simulated = False

    def __init__(self, *, token: str, owner: str, api_url: str, quota: Quota, clock: Clock) -> None:
        self._api_url = api_url
        self._wanted_owner = owner
        self._clock = clock
        self._rest = GitHubRest(token=token, api_url=api_url, quota=quota, clock=clock)
        self._git = GitHubPush(GitHubGit(token), self._rest, quota, clock)
        self._pages = GitHubPages(self._rest, self._git)
        self._runs = GitHubRuns(self._rest)
        self._takedowns = GitHubTakedowns(self._rest, self._pages)

    def credential(self) -> Credential:
        """Check the token with one GET. Raises as `try_token` does."""
        return try_token(self._rest, self._wanted_owner)

    # --- Repositories ---

    def create(self, spec: RepositorySpec) -> Repository:
        """Make an empty repository, or adopt the one that this round made before. A taken name gets -2, -3, … appended.

        Raises RateLimited, OutOfService, Transient (GitHub may have made it), Permanent (repository_private,
        create_refused, names_taken).
        """
        for number in range(1, MOST_NAMES + 1):
            name = spec.name if number == 1 else f"{spec.name[:97]}-{number}"
            # A GET comes first, so that a repeated call spends no writes on the names that are taken.
            holder = self._holder(name, spec) or self._create_named(name, spec)
            if isinstance(holder, Repository):
                return holder
        raise Permanent("names_taken", f"{MOST_NAMES} repositories from {spec.name} on are somebody else's.")

    def find(self, *, slug: str, task_key: str) -> Repository | None:
        """Return the newest repository whose head's message has the task's trailer."""
        trailer = f"Task-Key: {task_key[:16]}"
        for data in self._repositories_of(slug)[:MOST_CANDIDATES]:
            path = f"/repos/{self._owner}/{data['name']}"
            head = self._rest.get(f"{path}/commits/main")
            text = head.data.get("commit", {}).get("message", "") if head.status == 200 else ""
            if trailer in text.splitlines():
                return self._with_pages(_repository(data))
        return None

    def head(self, repository: Repository) -> str | None:
        """Return the SHA of main, None if empty. Raises Permanent(repository_gone), Transient, OutOfService."""
        return self._git.head(self._on_this_forge(repository))

    def tree(self, repository: Repository, sha: str) -> Mapping[str, bytes]:
        """Return all regular files of a commit by path. Raises as `head` does, Permanent(commit_missing)."""
        return self._git.tree(self._on_this_forge(repository), sha)

    def compute(self, spec: CommitSpec) -> str:
        """Return the SHA that `commit` would give, without a request. Raises Permanent (unsafe_path, bad_commit)."""
        return build_commit(spec).sha

    def commit(self, repository: Repository, spec: CommitSpec) -> bool:
        """Make `spec` the head if the head is as it expects. True: the head has it. False: the head is another commit.

        Raises as `head` does, Permanent (push_protection, file_refused, push_refused, unsafe_path, bad_commit).
        """
        return self._git.commit(self._on_this_forge(repository), build_commit(spec), spec)

    # --- Pages ---

    def enable_pages(self, repository: Repository, source: PagesSource = PagesSource.BRANCH) -> Repository:
        """Have Pages published by `source`. A repository with an address and this source costs no call.

        Raises Transient (no branch yet, unclear result), OutOfService, Permanent (repository_gone, pages_refused).
        """
        return self._pages.enable(repository, source)

    def take_down(self, repository: Repository, reach: Reach) -> None:
        """Switch Pages off and hide the repository as `reach` says; a repeated call writes what is still to do.

        Raises Transient, OutOfService (403: the token may not), Permanent(takedown_refused).
        """
        self._takedowns.take_down(self._on_this_forge(repository), reach)

    def put_back(self, repository: Repository, reach: Reach) -> None:
        """Undo `take_down`. Raises as it does, Permanent (repository_gone, pages_refused)."""
        self._takedowns.put_back(self._on_this_forge(repository), reach)

    def pages_build(self, repository: Repository, sha: str) -> PagesBuild:
        """Ask once for the state of a commit's Pages build. Raises Transient, OutOfService, never Permanent."""
        return self._pages.look(repository, sha)

    def rebuild(self, repository: Repository) -> None:
        """Ask once for another build. Raises RateLimited, Transient, OutOfService, Permanent(build_refused)."""
        self._pages.rebuild(repository)

    def workflow_run(self, repository: Repository, sha: str, paths: Sequence[str]) -> WorkflowRun:
        """Ask for the runs that the push of a commit began. Raises Transient, OutOfService for limits and 401."""
        return self._runs.look(repository, sha, paths)

    def run_failure(self, repository: Repository, run: WorkflowRun) -> RunFailure:
        """Ask where a run failed. Raises nothing but LeaseLost: what GitHub refuses is named in the result."""
        return self._runs.failure(repository, run)

    # --- Private ---

    @cached_property
    def _login(self) -> str:
        return login_of(self._rest.get("/user"))

    @property
    def _owner(self) -> str:
        return self._wanted_owner or self._login

    @cached_property
    def _create_path(self) -> str:
        if self._owner.lower() != self._login.lower() and is_organisation(self._rest, self._owner):
            return f"/orgs/{self._owner}/repos"
        return "/user/repos"

    def _create_named(self, name: str, spec: RepositorySpec) -> Repository | Stranger:
        """Make the repository under this name. After an unclear result, look up who has it. Raises as `create` does."""
        body = {"name": name, "description": spec.description, "private": False, "auto_init": False}
        try:
            answer = self._rest.write(
                "POST", self._create_path, body, doing="create", key=f"create {self._owner}/{name}"
            )
        except (RateLimited, OutOfService):
            raise
        except Transient as doubt:
            return self._existing(name, spec, doubt)
        if answer.status == 201 and isinstance(answer.data, dict):
            return _public(answer.data)
        if answer.status == 404:
            raise permission_missing("create", answer.message)
        if refused_account := account_refused(answer.message, "create"):
            raise refused_account
        refused = Permanent(
            "create_refused", f"GitHub refused the repository {name}: {answer.status}{quoted(answer.message)}"
        )
        exists = answer.status == 422 and "already exists" in answer.message.lower()
        return self._existing(name, spec, Transient("forge_unwell", refused.message) if exists else refused)

    def _existing(self, name: str, spec: RepositorySpec, doubt: Transient | Permanent) -> Repository | Stranger:
        """Return who has the name. Raises `doubt` if nobody has it."""
        if holder := self._holder(name, spec):
            return holder
        raise doubt

    def _holder(self, name: str, spec: RepositorySpec) -> Repository | Stranger | None:
        """Return the repository of this name if this round made it, else a Stranger; None if the name is free."""
        answer = self._rest.get(f"/repos/{self._owner}/{name}")
        data = answer.data
        if answer.status != 200 or not isinstance(data, dict):
            return None
        # GitHub redirects the old name of a renamed repository, so the answer may be about another name.
        same_name = str(data.get("name", "")).lower() == name.lower()
        young = _time(data.get("created_at")) >= spec.not_before - SKEW
        if same_name and young and str(data.get("description") or "").endswith(f"[{spec.round_hash}]"):
            return self._with_pages(_public(data))
        return Stranger()

    def _repositories_of(self, slug: str) -> list[dict[str, Any]]:
        kind = "orgs" if self._create_path.startswith("/orgs/") else "users"
        query = {"sort": "created", "direction": "desc", "per_page": "100"}
        found: list[dict[str, Any]] = []
        for page in range(1, MOST_PAGES + 1):
            answer = self._rest.get(f"/{kind}/{self._owner}/repos", query=query | {"page": str(page)})
            rows = answer.data if answer.status == 200 and isinstance(answer.data, list) else []
            found += [row for row in rows if isinstance(row, dict) and str(row.get("name", "")).startswith(f"{slug}-")]
            if len(rows) < 100:
                break
        return found

    def _on_this_forge(self, repository: Repository) -> Repository:
        """Raises Permanent(repository_gone) for a repository of another forge, which must not get the token."""
        address, api = urlsplit(repository.url), urlsplit(self._api_url)
        hosts = {api.netloc.lower(), api.netloc.lower().removeprefix("api.")}
        if address.scheme != api.scheme or address.netloc.lower() not in hosts:
            name = f"{repository.owner}/{repository.name}"
            raise Permanent("repository_gone", f"The repository {name} is not on this GitHub: another forge made it.")
        return repository

    def _with_pages(self, repository: Repository) -> Repository:
        return self._pages.of(repository) or repository


def _repository(data: Mapping[str, Any]) -> Repository:
    return Repository(owner=data["owner"]["login"], name=data["name"], url=data["html_url"])


def _public(data: Mapping[str, Any]) -> Repository:
    if data.get("private") is not False:
        sentence = (
            f"GitHub made the repository {data.get('name')} private, which has no Pages: "
            "the account's or organisation's rules ask for it."
        )
        raise Permanent("repository_private", sentence)
    return _repository(data)


def _time(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
