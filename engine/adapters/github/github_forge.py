"""The port Forge on GitHub: REST for repositories, `pages` for GitHub Pages, git for commits.

Round 1 takes two REST writes (create, Pages) and one push, a later round one push. No write is repeated on a guess: if
its result is unclear, the state is read again and adopted, or the round comes back later.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine.adapters.git_commit import build_commit
from engine.adapters.github.errors import permission_missing, quoted
from engine.adapters.github.git import GitHubGit
from engine.adapters.github.pages import GitHubPages
from engine.adapters.github.push import GitHubPush
from engine.adapters.github.rest import GitHubRest
from engine.adapters.github.token import is_organisation, login_of, try_token
from engine.domain.repository import Repository
from engine.errors import OutOfService, Permanent, RateLimited, Transient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.domain.repository import CommitSpec, Credential, PagesBuild, RepositorySpec
    from engine.ports import Clock, Quota

#: GitHub's clock and ours may differ by so much.
SKEW = timedelta(minutes=1)
#: Names tried for one repository: more strangers than that are a mistake of ours.
MOST_NAMES = 20
#: Pages of 100 repositories, and repositories with the right name, that are looked through for a task without rows.
MOST_PAGES = 5
MOST_CANDIDATES = 10


class Stranger:
    """A repository of somebody else's has the name."""


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

    def credential(self) -> Credential:
        """Try the token. Raises as `try_token` does."""
        return try_token(self._rest, self._wanted_owner)

    # --- Repositories ------------------------------------------------------------------------------------------------------------

    def create(self, spec: RepositorySpec) -> Repository:
        """Make the empty repository or adopt the one that this round made before; a stranger's name gets -2, -3, … appended.

        Raises RateLimited, OutOfService, Transient where it is unknown whether it was made, Permanent (repository_private, create_refused).
        """
        for number in range(1, MOST_NAMES + 1):
            name = spec.name if number == 1 else f"{spec.name[:97]}-{number}"
            # Looked at first: whoever comes back at a later name's turn must not spend a write on the earlier ones again.
            there = self._holder(name, spec) or self._made(name, spec)
            if isinstance(there, Repository):
                return there
        raise Permanent("names_taken", f"{MOST_NAMES} repositories from {spec.name} on are somebody else's.")

    def find(self, *, slug: str, task_key: str) -> Repository | None:
        """Return the newest repository of a task, known by the trailer in its head's message."""
        trailer = f"Task-Key: {task_key[:16]}"
        for data in self._named(slug)[:MOST_CANDIDATES]:
            path = f"/repos/{self._owner}/{data['name']}"
            head = self._rest.get(f"{path}/commits/main")
            text = head.data.get("commit", {}).get("message", "") if head.status == 200 else ""
            if trailer in text.splitlines():
                return self._with_pages(_repository(data))
        return None

    def head(self, repository: Repository) -> str | None:
        """Return the SHA of branch main, None for an empty repository. Raises Permanent(repository_gone), Transient, OutOfService."""
        return self._git.head(self._mine(repository))

    def tree(self, repository: Repository, sha: str) -> Mapping[str, bytes]:
        """Return all regular files of a commit by path. Raises as `head` does, Permanent(commit_missing)."""
        return self._git.tree(self._mine(repository), sha)

    def compute(self, spec: CommitSpec) -> str:
        """Return the SHA that `commit` would give, without any outside effect. Raises Permanent (unsafe_path, bad_commit)."""
        return build_commit(spec).sha

    def commit(self, repository: Repository, spec: CommitSpec) -> bool:
        """Make `spec` the head if the head is still its parent. True: it is the head or an ancestor of it. False: the head has moved.

        Raises as `head` does, Permanent (push_protection, push_refused, unsafe_path, bad_commit).
        """
        return self._git.commit(self._mine(repository), build_commit(spec), spec)

    # --- Pages -------------------------------------------------------------------------------------------------------------------

    def enable_pages(self, repository: Repository) -> Repository:
        """Switch Pages on and return the repository with the address that GitHub gives; no call where it has one.

        Raises Transient (the branch is not there yet, or nobody knows), OutOfService, Permanent (repository_gone, pages_refused).
        """
        return self._pages.enable(repository)

    def pages_build(self, repository: Repository, sha: str) -> PagesBuild:
        """Ask once how the Pages build of a commit is. Raises Transient, OutOfService, never Permanent."""
        return self._pages.look(repository, sha)

    def rebuild(self, repository: Repository) -> None:
        """Ask once for one more build of the head. Raises RateLimited, Transient, OutOfService, Permanent(build_refused)."""
        self._pages.rebuild(repository)

    # --- Inside ------------------------------------------------------------------------------------------------------------------

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

    def _made(self, name: str, spec: RepositorySpec) -> Repository | Stranger:
        """Make the repository under this name; where the end of that is in doubt, see whose it is. Raises as `create` does."""
        body = {"name": name, "description": spec.description, "private": False, "auto_init": False}
        try:
            answer = self._rest.write(
                "POST", self._create_path, body, doing="create", key=f"create {self._owner}/{name}"
            )
        except (RateLimited, OutOfService):
            raise
        except Transient as doubt:
            return self._settled(name, spec, doubt)
        if answer.status == 201 and isinstance(answer.data, dict):
            return _public(answer.data)
        if answer.status == 404:
            raise permission_missing("create", answer.message)
        refused = Permanent(
            "create_refused", f"GitHub refused the repository {name}: {answer.status}{quoted(answer.message)}"
        )
        exists = answer.status == 422 and "already exists" in answer.message.lower()
        return self._settled(name, spec, Transient("forge_unwell", refused.message) if exists else refused)

    def _settled(self, name: str, spec: RepositorySpec, doubt: Transient | Permanent) -> Repository | Stranger:
        """Raises `doubt` where the repository is not there."""
        if there := self._holder(name, spec):
            return there
        raise doubt

    def _holder(self, name: str, spec: RepositorySpec) -> Repository | Stranger | None:
        """Return the repository of this name where it is this round's own, None where there is none."""
        answer = self._rest.get(f"/repos/{self._owner}/{name}")
        data = answer.data
        if answer.status != 200 or not isinstance(data, dict):
            return None
        # Another name: a redirect of a repository that was renamed.
        same_name = str(data.get("name", "")).lower() == name.lower()
        young = _time(data.get("created_at")) >= spec.not_before - SKEW
        if same_name and young and str(data.get("description") or "").endswith(f"[{spec.round_hash}]"):
            return self._with_pages(_public(data))
        return Stranger()

    def _named(self, slug: str) -> list[dict[str, Any]]:
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

    def _mine(self, repository: Repository) -> Repository:
        """Raises Permanent(repository_gone) for a repository of another forge: the token goes to this one only."""
        there, api = urlsplit(repository.url), urlsplit(self._api_url)
        if there.scheme != api.scheme or there.netloc.lower() not in {
            api.netloc.lower(),
            api.netloc.lower().removeprefix("api."),
        }:
            sentence = (
                f"The repository {repository.owner}/{repository.name} is not on this GitHub: another forge made it."
            )
            raise Permanent("repository_gone", sentence)
        return repository

    def _with_pages(self, repository: Repository) -> Repository:
        return self._pages.of(repository) or repository


def _repository(data: Mapping[str, Any]) -> Repository:
    return Repository(owner=data["owner"]["login"], name=data["name"], url=data["html_url"])


def _public(data: Mapping[str, Any]) -> Repository:
    if data.get("private") is not False:
        sentence = f"GitHub made the repository {data.get('name')} private, which has no Pages: the account's or organisation's rules ask for it."
        raise Permanent("repository_private", sentence)
    return _repository(data)


def _time(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
