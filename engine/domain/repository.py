"""Values of the forge: repositories, commits, Pages builds and limits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class RepositorySpec:
    """A repository to create or adopt, under `name` if it is free. The forge recognises it by the hash and the key."""

    name: str
    round_hash: str  # 8 hex of sha256(email, task, nonce): in the name and at the description's end
    task_key: str  # 64 hex of sha256(email, task)
    description: str
    not_before: datetime  # a repository older than the request is never adopted


class PagesSource(StrEnum):
    """What publishes Pages: each push to the branch, or a workflow."""

    BRANCH = "branch"
    WORKFLOW = "workflow"


class Reach(StrEnum):
    """What stays of a repository whose page is taken down. The page goes in each case."""

    PAGES = "pages"  # the repository stays public
    PRIVATE = "private"  # nobody else can read it
    ARCHIVE = "archive"  # public, and nobody can change it


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository on the forge. `name` is the name that the forge gave."""

    owner: str
    name: str
    url: str  # for reading and cloning
    pages_url: str = ""  # "" until Pages is on
    pages_source: PagesSource = PagesSource.BRANCH


@dataclass(frozen=True, slots=True)
class CommitSpec:
    """A commit on top of `parent` (None: the first). All its parts are fixed, so that a replay gives the same SHA.

    `replaces` is the head that the commit takes the place of, if that is not `parent`: one of this round.
    """

    files: Mapping[str, bytes]  # the whole tree, not the difference
    parent: str | None
    message: str
    author: str  # "Name <address>"
    when: datetime
    replaces: str | None = None

    @property
    def expected_head(self) -> str | None:
        """Return the head that the branch must have for this commit to become the head."""
        return self.replaces or self.parent


@dataclass(frozen=True, slots=True)
class PagesBuild:
    """The state of Pages for a commit: `status` is queued, building, built, errored, superseded or unknown.

    `commit` is the commit built last. `build` is the forge's id of the build; `detail` is its error, or the commit
    that superseded it.
    """

    status: str
    commit: str | None
    detail: str = ""
    build: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """The forge's rate limit: calls an hour, remaining calls, and the time of its reset."""

    limit: int
    remaining: int
    reset: datetime


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential that works. `detail` says in a sentence whose it is; `expires_at` is None if it is unknown."""

    detail: str
    expires_at: datetime | None = None


#: The limits of the files that one attempt writes or computes.
MAX_FILES = 40
MAX_FILE_BYTES = 1_000_000
MAX_TOTAL_BYTES = 5_000_000


class Origin(StrEnum):
    """Who made a file of an attempt's tree."""

    MODEL = "model"
    CARRIED = "carried"  # unchanged from the tree before
    ATTACHMENT = "attachment"
    COMPUTED = "computed"  # returned by the repository's tools/build.js
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class SiteFile:
    content: bytes
    origin: Origin
