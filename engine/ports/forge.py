"""Where repositories and their pages live, and the limits on asking it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class RepositorySpec:
    """A repository to be made or adopted: wanted `name`; `round_hash` and `task_key` by which it is recognised as ours."""

    name: str
    round_hash: str  # 8 hex of sha256(email, task, nonce): in the name and at the description's end
    task_key: str  # 64 hex of sha256(email, task)
    description: str
    not_before: datetime  # a repository older than the request is never adopted


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository on the forge. `name` is the one that the forge gave."""

    owner: str
    name: str
    url: str  # for reading and cloning
    pages_url: str = ""  # "" until Pages is on


@dataclass(frozen=True, slots=True)
class CommitSpec:
    """A commit to be made on top of `parent` (None: the first). All of it is fixed beforehand, so that a replay gives the same SHA."""

    files: Mapping[str, bytes]  # the whole tree, not the difference
    parent: str | None
    message: str
    author: str  # "Name <address>"
    when: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """One look at Pages' build of a commit: `status` queued, building, built, errored or superseded; `commit` the one built last.

    `build` is the forge's id of the build that `status` is about; `detail` its error, or which commit took the place of this one.
    """

    status: str
    commit: str | None
    detail: str = ""
    build: str = ""


class Forge(Protocol):
    """Keeps repositories and serves their pages. Writes are idempotent, or checked before they are repeated."""

    simulated: bool

    def create(self, spec: RepositorySpec) -> Repository:
        """Make the empty repository or adopt the one that this same round made before; a stranger's name gets -2, -3, … appended."""
        ...

    def find(self, *, slug: str, task_key: str) -> Repository | None:
        """Look for the newest repository of a task of which no row is left."""
        ...

    def head(self, repository: Repository) -> str | None:
        """Return the SHA of the default branch, None for an empty repository. Raises Permanent(repository_gone)."""
        ...

    def tree(self, repository: Repository, sha: str) -> Mapping[str, bytes]:
        """Return all regular files of a commit by path."""
        ...

    def compute(self, spec: CommitSpec) -> str:
        """Return the SHA that `commit` would give, without any outside effect."""
        ...

    def commit(self, repository: Repository, spec: CommitSpec) -> bool:
        """Make `spec` the head if the head is still `spec.parent`. True: it is the head or an ancestor of it. False: the head has moved."""
        ...

    def enable_pages(self, repository: Repository) -> Repository:
        """Switch Pages on (already on is fine) and return the repository with its `pages_url`. No call where it has one."""
        ...

    def look(self, repository: Repository, sha: str) -> Look:
        """Ask once how the Pages build of commit `sha` is."""
        ...

    def rebuild(self, repository: Repository) -> None:
        """Ask once for one more build of the branch's head. Asking again is one more build: whoever asks remembers it first."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer of the forge said of its limit: calls an hour, how many are left, and when it begins anew."""

    limit: int
    remaining: int
    reset: datetime


class Quota(Protocol):
    """Keeps all processes that share the forge's token together within its limits. It never sleeps: whoever is too early is sent away."""

    def take_write(self, key: str) -> None:
        """Let one REST write go now. Raises Paced where its turn is later; the same `key` keeps its turn. Raises as `pass_gate` does."""
        ...

    def pass_gate(self) -> None:
        """Let any other request go now. Raises Paced while the forge wants none for a short while, OutOfService for a long one."""
        ...

    def saw(self, limits: Limits) -> None:
        """Remember what an answer said. `remaining` 0 closes the gate until `reset`."""
        ...

    def close_gate(self, seconds: float | None, reason: str) -> float:
        """Close the gate, where the forge refused a request by its limits; None: it named no time. Return the seconds until it opens."""
        ...


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential that was tried and works: `detail` says in a sentence whose it is, `expires_at` until when, where that is known."""

    detail: str
    expires_at: datetime | None = None
