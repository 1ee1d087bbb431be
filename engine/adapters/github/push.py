"""Reads and pushes a repository on GitHub. Refusals, unclear results and moved heads become engine errors."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from engine.adapters.github.errors import permission_missing, quoted, refusal, unreachable
from engine.adapters.github.git import NoAnswerError, RefusedError
from engine.adapters.github.git_transport import moved_to
from engine.adapters.github.limits import refused_by_limit
from engine.adapters.github.rest import limited
from engine.errors import EngineError, OutOfService, Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.adapters.git_commit import BuiltCommit
    from engine.adapters.github.git import GitHubGit, Pushed
    from engine.adapters.github.git_transport import HttpRefusal
    from engine.adapters.github.rest import GitHubRest
    from engine.domain.repository import CommitSpec, Repository
    from engine.ports import Clock, Quota

T = TypeVar("T")

#: For so long after it was made a repository may not be ready everywhere at GitHub.
YOUNG = timedelta(minutes=2)
NOT_READY = 2.0  # seconds until it is tried again

#: How GitHub refuses a push that holds a secret.
#: https://docs.github.com/en/code-security/secret-scanning/working-with-secret-scanning-and-push-protection
_PROTECTED = ("gh013", "push declined due to repository rule violations", "push cannot contain secrets", "gh009")
#: How it refuses a file of .github/workflows to a token that may not write those.
_WORKFLOW = ("without `workflow` scope", "without workflow scope", "without `workflows` permission")
#: Refusals of an update that say something about the moment and nothing about the commit.
_PASSING = (
    "fetch first",
    "non-fast-forward",
    "stale info",
    "failed to update ref",
    "cannot lock ref",
    "failed to lock",
    "internal",
    "timeout",
)


class GitHubPush:
    """Reads and pushes through `git`; asks `rest` where the outcome is in doubt."""

    def __init__(self, git: GitHubGit, rest: GitHubRest, quota: Quota, clock: Clock) -> None:
        self._git = git
        self._rest = rest
        self._quota = quota
        self._clock = clock

    def head(self, repository: Repository) -> str | None:
        """Return the SHA of branch main, None for an empty repository. Raises Permanent(repository_gone), Transient, OutOfService."""
        return self._request(repository, "read", lambda: self._git.head(_address(repository)))

    def tree(self, repository: Repository, sha: str) -> Mapping[str, bytes]:
        """Return a commit's files. Raises as `head` does, Permanent(commit_missing)."""
        return self._request(repository, "read", lambda: self._git.tree(_address(repository), sha))

    def commit(self, repository: Repository, built: BuiltCommit, spec: CommitSpec) -> bool:
        """Push `built` on its parent. True: it is the head or an ancestor of it; False: the head has moved.

        Raises as `head` does, Permanent (push_protection, push_refused).
        """
        try:
            pushed = self._request(repository, "push", lambda: self._git.push(_address(repository), built, spec.parent))
        except Transient as doubt:
            if doubt.code not in {"forge_unreachable", "forge_unwell"}:
                raise
            # It may have been taken, and only the answer was lost.
            return self._settled(repository, built.sha, spec.parent, doubt)
        if not pushed.sent:
            return self._holds(repository, built.sha, pushed.before)
        if not pushed.refused:
            return True
        if error := _verdict(pushed):
            raise error
        passing = Transient("push_refused", f"GitHub did not take the push{quoted(pushed.refused)}")
        return self._settled(repository, built.sha, spec.parent, passing)

    def missing(self, repository: Repository, *, doing: str) -> Transient | Permanent:
        """Return the error for a 404 on something of a repository: gone, renamed, too young to be everywhere, or not allowed to this token."""
        name = f"{repository.owner}/{repository.name}"
        answer = self._rest.get(f"/repos/{name}")
        if answer.status != 200 or not isinstance(answer.data, dict):
            return Permanent("repository_gone", f"The repository {name} is gone from GitHub.")
        now_called = str(answer.data.get("full_name") or name)
        if now_called.lower() != name.lower():
            return _renamed(name, now_called)
        created = datetime.fromisoformat(str(answer.data["created_at"]))
        if self._clock.now() - created < YOUNG:
            return Transient("forge_not_ready", f"The new repository {name} is not ready yet at GitHub.", NOT_READY)
        return permission_missing(doing, "Not Found")

    def _settled(self, repository: Repository, sha: str, parent: str | None, doubt: Transient) -> bool:
        """Read the head after a push that nobody knows the end of. Raises `doubt` where nothing was changed."""
        try:
            head = self.head(repository)
        except OutOfService:
            raise
        except Transient:
            raise doubt from None
        if head == parent:
            raise doubt
        return self._holds(repository, sha, head)

    def _holds(self, repository: Repository, sha: str, head: str | None) -> bool:
        """Say whether a head is a commit or has it as an ancestor; GitHub answers 404 for one that it never saw."""
        if head is None or head == sha:
            return head == sha
        answer = self._rest.get(
            f"/repos/{repository.owner}/{repository.name}/compare/{sha}...{head}", query={"per_page": "1"}
        )
        return (
            answer.status == 200
            and isinstance(answer.data, dict)
            and answer.data.get("status") in {"ahead", "identical"}
        )

    def _request(self, repository: Repository, doing: str, act: Callable[[], T]) -> T:
        self._quota.check_limit()
        try:
            return act()
        except NoAnswerError as error:
            raise unreachable(doing, str(error)) from None
        except RefusedError as error:
            raise self._refusal(repository, doing, error.refusal) from None

    def _refusal(self, repository: Repository, doing: str, http_refusal: HttpRefusal) -> EngineError:
        name = f"{repository.owner}/{repository.name}"
        if there := moved_to(http_refusal):
            return _renamed(name, there)
        if refused_by_limit(http_refusal.status, http_refusal.headers, http_refusal.text):
            return limited(self._quota, self._clock, http_refusal.headers, http_refusal.text)
        if http_refusal.status == 404:
            return self.missing(repository, doing=doing)
        if http_refusal.status in {409, 422}:
            return Transient(
                "forge_not_ready",
                f"GitHub has {name} not ready yet: {http_refusal.status}{quoted(http_refusal.text)}",
                NOT_READY,
            )
        return refusal(http_refusal.status, http_refusal.headers, http_refusal.text, doing=doing)


def _verdict(pushed: Pushed) -> EngineError | None:
    """Return the error for a refusal that trying again cannot change; None for one of the moment."""
    text = " ".join(line.strip() for line in pushed.remote.splitlines() if line.strip())
    words = f"{pushed.refused} {text}".lower()
    if any(word in words for word in _WORKFLOW):
        return permission_missing("workflows", pushed.refused)
    if any(word in words for word in _PROTECTED):
        return Permanent(
            "push_protection", f"GitHub's push protection refused the commit{quoted(f'{pushed.refused} {text}')}"
        )
    if any(word in words for word in _PASSING):
        return None
    return Permanent("push_refused", f"GitHub refused the push{quoted(f'{pushed.refused} {text}')}")


def _renamed(name: str, there: str) -> Permanent:
    return Permanent("repository_gone", f"The repository {name} is called {there} by now.")


def _address(repository: Repository) -> str:
    """Return where git finds a repository: its own address with `.git`, as GitHub's `clone_url` is."""
    return f"{repository.url.removesuffix('.git')}.git"
