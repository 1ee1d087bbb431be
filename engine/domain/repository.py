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
class PagesBuild:
    """One look at Pages' build of a commit: `status` queued, building, built, errored or superseded; `commit` the one built last.

    `build` is the forge's id of the build that `status` is about; `detail` its error, or which commit took the place of this one.
    """

    status: str
    commit: str | None
    detail: str = ""
    build: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer of the forge said of its limit: calls an hour, how many are left, and when it begins anew."""

    limit: int
    remaining: int
    reset: datetime


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential that was tried and works: `detail` says in a sentence whose it is, `expires_at` until when, where that is known."""

    detail: str
    expires_at: datetime | None = None


class Origin(StrEnum):
    """Where a file of the tree comes from."""

    MODEL = "model"
    CARRIED = "carried"
    ATTACHMENT = "attachment"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class SiteFile:
    """One file of the tree."""

    content: bytes
    origin: Origin
