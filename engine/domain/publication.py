"""Values of a publication: how Pages is published, the runs of a commit's workflows, and the commit to be live."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from engine.domain.checks import Check, PredicateResult, Verdict
    from engine.domain.repository import Repository


class RunState(StrEnum):
    """The state of all runs of a commit together."""

    NONE = "none"  # no run, or not one of each workflow yet
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNREADABLE = "unreadable"  # the forge does not show runs to this token
    NOT_RUN = "not_run"  # the forge runs no workflows


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """The runs of a commit's workflows, as one. `detail` says the state in a clause, with the run's address.

    `id`, `url` and `conclusion` are those of the run that decides the state. `deployment` is the state of the
    commit's deployment to Pages, "" if there is none. `is_off`: no run will ever begin, as Actions is switched off.
    """

    state: RunState
    detail: str
    id: str = ""
    url: str = ""
    conclusion: str = ""
    deployment: str = ""
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class RunFailure:
    """Where a run failed. `log_url` is where that job's log is for a minute; `lacks` says why there is no address.

    `messages` are then the forge's own about the job.
    """

    job: str = ""
    step: str = ""
    messages: tuple[str, ...] = ()
    log_url: str = ""
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The newest request for another build: after the build with the id `after` failed; `count` requests so far.

    `at` is None if that request could not be made.
    """

    after: str
    at: datetime | None
    count: int = 1


@dataclass(frozen=True, slots=True)
class AwaitedCommit:
    """The commit that must be live. `page` is its `index.html` byte for byte, with the round's marker.

    `later` are commits of later rounds on top of it. Once one of them is built, this commit will never be served.
    `workflows` are the paths of its workflow files that a push starts; `outputs` what they publish and nobody commits.
    Another build may be requested until `rebuilds_until`.
    """

    repository: Repository
    sha: str
    page: bytes
    published_at: datetime
    rebuilds_until: datetime
    marker: str = ""
    later: frozenset[str] = frozenset()
    rebuild: Rebuild | None = None
    workflows: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FrozenCheck:
    """A check and its verdict before publishing; `position` is its index among the results."""

    position: int
    check: Check
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ServedSentence:
    """A sentence that only the published site decides: `served` maps indexes in `results` to paths.

    `by_run` are the indexes that the workflow's run decides.
    """

    position: int
    check: Check
    results: tuple[PredicateResult, ...]  # of all its predicates, before publishing
    served: Mapping[int, str]
    by_run: frozenset[int] = frozenset()
