"""The forge on GitHub: REST for what is about repositories and Pages, git for what is in them.

Round 1 is two REST writes (create, Pages) and one push; a later round is one push. No write is ever repeated on a guess: where its end
is in doubt, the state is read again and adopted, or the round comes back later.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine.adapters.git_commit import build_commit
from engine.adapters.github_builds import builds_of, look_at
from engine.adapters.github_errors import permission_missing, quoted, unreachable
from engine.adapters.github_git import GitHubGit
from engine.adapters.github_push import GitHubPush
from engine.adapters.github_rest import GitHubRest
from engine.adapters.github_token import is_organisation, login_of, try_token
from engine.errors import OutOfService, Paced, Permanent, Transient
from engine.ports import Look, Repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.adapters.github_rest import RestAnswer
    from engine.ports import Clock, CommitSpec, Credential, Quota, RepositorySpec

#: GitHub's clock and ours may differ by so much.
SKEW = timedelta(minutes=1)
NOT_READY = 2.0  # seconds until it is tried again
#: Names tried for one repository: more strangers than that are a mistake of ours.
MOST_NAMES = 20
#: Pages of 100 repositories, and repositories with the right name, that are looked through for a task without rows.
MOST_PAGES = 5
MOST_CANDIDATES = 10
#: Lists of builds that are remembered for their ETags: an unchanged one is free of the primary limit.
REMEMBERED = 500


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
        self._builds: OrderedDict[str, tuple[str, Any]] = OrderedDict()
        self._order: dict[tuple[str, str, str], bool] = {}

    def credential(self) -> Credential:
        """Try the token. Raises as `try_token` does."""
        return try_token(self._rest, self._wanted_owner)

    # --- Repositories ------------------------------------------------------------------------------------------------------------

    def create(self, spec: RepositorySpec) -> Repository:
        """Make the empty repository or adopt the one that this round made before; a stranger's name gets -2, -3, … appended.

        Raises Paced, OutOfService, Transient where it is unknown whether it was made, Permanent (repository_private, create_refused).
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
        if repository.pages_url:
            return repository
        path = f"/repos/{repository.owner}/{repository.name}/pages"
        body = {"build_type": "legacy", "source": {"branch": "main", "path": "/"}}
        try:
            answer = self._rest.write(
                "POST", path, body, doing="pages", key=f"pages {repository.owner}/{repository.name}"
            )
        except (Paced, OutOfService):
            raise
        except Transient as doubt:
            if known := self._pages_of(repository):
                return known
            raise doubt from None
        if answer.status == 201 and (made := _paged(repository, answer)):
            return made
        if answer.status in {201, 409} and (known := self._pages_of(repository)):
            return known
        raise self._pages_refused(repository, answer)

    def look(self, repository: Repository, sha: str) -> Look:
        """Ask once how the Pages build of a commit is. Raises Transient, OutOfService, never Permanent."""
        path = f"/repos/{repository.owner}/{repository.name}"
        etag, before = self._builds.get(path, ("", None))
        answer = self._rest.get(f"{path}/pages/builds", query={"per_page": "30"}, etag=etag, doing="looks")
        if answer.status == 304:
            data = before
        elif answer.status == 200:
            data = answer.data
            self._remember(path, answer.headers.get("etag", ""), data)
        else:
            return Look("queued", None, f"GitHub shows no builds: {answer.status}{quoted(answer.message)}")
        return look_at(builds_of(data), sha, lambda other: self._is_later(path, sha, other))

    def rebuild(self, repository: Repository) -> None:
        """Ask once for one more build of the head. Raises Paced, Transient, OutOfService, Permanent(build_refused)."""
        path = f"/repos/{repository.owner}/{repository.name}/pages/builds"
        key = f"build {repository.owner}/{repository.name}"
        answer = self._rest.write("POST", path, None, doing="builds", key=key)
        if answer.status != 201:
            raise Permanent("build_refused", f"GitHub refused one more build: {answer.status}{quoted(answer.message)}")

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
        except (Paced, OutOfService):
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
        return self._pages_of(repository) or repository

    def _pages_of(self, repository: Repository) -> Repository | None:
        answer = self._rest.get(f"/repos/{repository.owner}/{repository.name}/pages")
        return _paged(repository, answer) if answer.status == 200 else None

    def _pages_refused(self, repository: Repository, answer: RestAnswer) -> Transient | Permanent:
        said = f"{answer.status}{quoted(answer.message)}"
        if answer.status == 404:
            return self._git.missing(repository, doing="pages")
        if answer.status == 422 and "plan" in answer.message.lower():
            return Permanent("pages_refused", f"GitHub does not switch Pages on: {said}")
        if answer.status in {201, 409, 422}:
            return Transient("pages_not_ready", f"GitHub cannot switch Pages on yet: {said}", NOT_READY)
        return unreachable("pages", f"an answer that is none: {said}")

    def _remember(self, path: str, etag: str, data: Any) -> None:
        if etag:
            self._builds[path] = (etag, data)
            self._builds.move_to_end(path)
        while len(self._builds) > REMEMBERED:
            self._builds.popitem(last=False)

    def _is_later(self, path: str, sha: str, other: str) -> bool:
        """Say whether `other` has taken the place of `sha`: everything but an ancestor of it has."""
        key = (path, sha, other)
        if key not in self._order:
            answer = self._rest.get(f"{path}/compare/{sha}...{other}", query={"per_page": "1"})
            if answer.status != 200 or not isinstance(answer.data, dict):
                return False
            self._order[key] = answer.data.get("status") in {"ahead", "diverged"}
        return self._order[key]


def _repository(data: Mapping[str, Any]) -> Repository:
    return Repository(owner=data["owner"]["login"], name=data["name"], url=data["html_url"])


def _public(data: Mapping[str, Any]) -> Repository:
    if data.get("private") is not False:
        sentence = f"GitHub made the repository {data.get('name')} private, which has no Pages: the account's or organisation's rules ask for it."
        raise Permanent("repository_private", sentence)
    return _repository(data)


def _paged(repository: Repository, answer: RestAnswer) -> Repository | None:
    url = answer.data.get("html_url") if isinstance(answer.data, dict) else None
    if not url:
        return None
    return Repository(repository.owner, repository.name, repository.url, str(url))


def _time(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
