"""Reads and pushes a repository on GitHub. Refusals, unclear results and moved heads become engine errors."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from engine.adapters.github.errors import account_refused, permission_missing, quoted, refusal, unreachable, words_of
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

#: Some of GitHub's servers may not know a repository that is younger than this.
YOUNG = timedelta(minutes=2)
NOT_READY = 2.0  # seconds until the next attempt

#: Phrases of GitHub's refusal of a push that holds a secret.
#: https://docs.github.com/en/code-security/secret-scanning/working-with-secret-scanning-and-push-protection
_SECRET = re.compile(r"push cannot contain secrets|github push protection|\bgh009\b|secrets? detected")
#: Phrases of its refusal of a file: too large, or one that a rule on files does not allow.
#: https://docs.github.com/en/repositories/working-with-files/managing-large-files/about-large-files-on-github
_FILE = re.compile(
    r"\bgh001\b|\bgh008\b|file size limit|large files? detected|"
    r"\bfile ?(?:path|name|size|extension|type)s?\b|\bpath length\b|restricted (?:file|path)"
)
#: Phrases of its refusal by the rules of the account, its organisation or the branch. GH013 is also the code of rules
#: on secrets and files, which are looked for first.
#: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets
_RULE = re.compile(
    r"\bgh0(?:03|06|07|13)\b|rule violations?|protected (?:branch|ref)|through a pull request|approving review|"
    r"(?:verified|valid|signed) signatures?|must be signed|status checks? |not (?:authori[sz]ed|allowed) to push|"
    r"force-push|\bpolicy\b"
)
#: Phrases of its refusal of a file in .github/workflows that the token may not write.
_WORKFLOW = ("without `workflow` scope", "without workflow scope", "without `workflows` permission")
#: Phrases of refusals that a later push of the same commit may not get.
_PASSING = (
    "fetch first",
    "non-fast-forward",
    "stale info",
    "failed to update ref",
    "cannot lock ref",
    "failed to lock",
    "internal",
    "timeout",
    "rate limit",
)


class GitHubPush:
    """Reads and pushes through `git`; asks `rest` if the outcome is unclear."""

    def __init__(self, git: GitHubGit, rest: GitHubRest, quota: Quota, clock: Clock) -> None:
        self._git = git
        self._rest = rest
        self._quota = quota
        self._clock = clock

    def head(self, repository: Repository) -> str | None:
        """Return the SHA of main, None if empty. Raises Permanent(repository_gone), Transient, OutOfService."""
        return self._request(repository, "read", lambda: self._git.head(_address(repository)))

    def tree(self, repository: Repository, sha: str) -> Mapping[str, bytes]:
        """Return a commit's files. Raises as `head` does, Permanent(commit_missing)."""
        return self._request(repository, "read", lambda: self._git.tree(_address(repository), sha))

    def commit(self, repository: Repository, built: BuiltCommit, spec: CommitSpec) -> bool:
        """Push `built` if the head is as `spec` expects. True: the head has it. False: the head is another commit.

        Raises as `head` does, OutOfService(forge_push_rule), Permanent (push_protection, file_refused, push_refused,
        workflow_refused).
        """
        try:
            pushed = self._request(
                repository, "push", lambda: self._git.push(_address(repository), built, spec.expected_head)
            )
        except Transient as doubt:
            if doubt.code not in {"forge_unreachable", "forge_unwell"}:
                raise
            # GitHub may have taken the push, and only its answer was lost.
            return self._outcome(repository, built.sha, spec.expected_head, doubt)
        if not pushed.sent:
            return self._holds(repository, built.sha, pushed.before)
        if not pushed.refused:
            return True
        if error := _lasting_refusal(pushed):
            raise error
        passing = Transient("push_refused", f"GitHub did not take the push{quoted(pushed.refused)}")
        return self._outcome(repository, built.sha, spec.expected_head, passing)

    def missing(self, repository: Repository, *, doing: str) -> Transient | Permanent:
        """Return the error for a 404: the repository is gone, renamed or very new, or the token may not do `doing`."""
        name = f"{repository.owner}/{repository.name}"
        answer = self._rest.get(f"/repos/{name}")
        if answer.status != 200 or not isinstance(answer.data, dict):
            return Permanent("repository_gone", f"The repository {name} is gone from GitHub.")
        present_name = str(answer.data.get("full_name") or name)
        if present_name.lower() != name.lower():
            return _renamed(name, present_name)
        created = datetime.fromisoformat(str(answer.data["created_at"]))
        if self._clock.now() - created < YOUNG:
            return Transient("forge_not_ready", f"The new repository {name} is not ready yet at GitHub.", NOT_READY)
        return permission_missing(doing, "Not Found")

    def _outcome(self, repository: Repository, sha: str, parent: str | None, doubt: Transient) -> bool:
        """Read the head after a push with an unclear result. Raises `doubt` if the head is still `parent`."""
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
        """Say whether a head is the commit `sha` or has it as an ancestor. GitHub answers 404 for an unknown commit."""
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

    def _request(self, repository: Repository, doing: str, call: Callable[[], T]) -> T:
        self._quota.check_limit()
        try:
            return call()
        except NoAnswerError as error:
            raise unreachable(doing, str(error)) from None
        except RefusedError as error:
            raise self._refusal(repository, doing, error.refusal) from None

    def _refusal(self, repository: Repository, doing: str, http_refusal: HttpRefusal) -> EngineError:
        name = f"{repository.owner}/{repository.name}"
        if new_name := moved_to(http_refusal):
            return _renamed(name, new_name)
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
        return refusal(http_refusal.status, http_refusal.text, doing=doing)


def _lasting_refusal(pushed: Pushed) -> EngineError | None:
    """Return the error for a refusal of the commit itself, None if a later push may succeed."""
    lines = (line.strip() for line in pushed.remote.splitlines())
    text = " ".join(filter(None, [pushed.refused, *lines]))
    words = words_of(text)
    if any(word in words for word in _WORKFLOW):
        # No outage: the token may push everything else, so the breaker must stay closed for other rounds.
        return Permanent("workflow_refused", permission_missing("workflows", pushed.refused).message)
    said = quoted(text)
    if _SECRET.search(words):
        return Permanent("push_protection", f"GitHub's push protection refused the commit{said}")
    if _FILE.search(words):
        return Permanent("file_refused", f"GitHub refused a file of the commit{said}")
    if _RULE.search(words):
        # Every other push would be refused too.
        sentence = "Rules of the account, its organisation or the branch forbid the push: change them on GitHub"
        return OutOfService("forge_push_rule", f"{sentence}{said}", kind="forge")
    if account := account_refused(text, "push"):
        return account
    if any(word in words for word in _PASSING):
        return None
    return Permanent("push_refused", f"GitHub refused the push{said}")


def _renamed(name: str, new_name: str) -> Permanent:
    return Permanent("repository_gone", f"The repository {name} is called {new_name} by now.")


def _address(repository: Repository) -> str:
    """Return the repository's address with `.git`, as GitHub's `clone_url` has it."""
    return f"{repository.url.removesuffix('.git')}.git"
