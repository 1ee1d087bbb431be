"""What a step can come to. An error of `engine.errors` is the other way to end one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from engine.checks.decision import Decision
    from engine.domain.checks import CheckOutcome
    from engine.domain.repository import Repository, SiteFile


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: let go of the worker and come back at `until`. `reason` says what for; `failed`: a passing failure, which is counted."""

    until: datetime
    reason: str
    needs_attention: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Generated:
    """A whole tree. `degraded` says why it is the service's fallback page and not the app; "" where it is the app."""

    attempt: int
    files: Mapping[str, SiteFile]
    base_sha: str  # the head that it was written for, "" in a new repository
    repository: Repository | None
    simulated: bool
    detail: str
    degraded: str = ""
    gates: Sequence[CheckOutcome] = ()


@dataclass(frozen=True, slots=True)
class RepairFailed:
    """A repair was asked for and its answer holds no files that could be used: what follows is decided anew."""

    detail: str


@dataclass(frozen=True, slots=True)
class RepairSkipped:
    """No further try can be made (no time, no model): the best attempt is published as it is, unless a gate bars it."""

    detail: str


@dataclass(frozen=True, slots=True)
class Verified:
    """The checks of one attempt (None: there was nothing new to check), and what follows: publish the best, or try again.

    `warnings` are sentences about the tree that is to be published, `judgements` the details of its sentences that a model judged, by sentence.
    """

    attempt: int | None
    results: Sequence[CheckOutcome]
    decision: Decision
    detail: str
    warnings: Sequence[str] = ()
    judgements: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Published:
    """The commit is the head, or an ancestor of it, and Pages is on."""

    repository: Repository
    sha: str
    detail: str


@dataclass(frozen=True, slots=True)
class Deployed:
    """What `pages_url` serves was proven to be this commit, or why the evaluator is told without that.

    `watch`: it may still come, and is looked for after the evaluator was told.
    """

    live: bool
    detail: str
    results: Sequence[tuple[int, CheckOutcome]] = ()  # of the checks that were run once more, with their positions
    watch: bool = False


@dataclass(frozen=True, slots=True)
class Delivered:
    """The evaluator answered with a 2xx."""

    detail: str
