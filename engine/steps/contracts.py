"""The input and the outcome of each step, in the order of the steps.

Any step may also raise an error of `engine.errors`.

| step | input | outcome |
| --- | --- | --- |
| generate | GenerateInput | Generated, Wait; a resample also RepairSkipped |
| repair | RepairInput | Generated, RepairFailed, RepairSkipped, Wait |
| verify | VerifyInput | Verified |
| publish | PublishInput | Published |
| deploy | DeployInput | Deployed, RunFailed, Wait |
| notify | NotifyInput | Delivered, Wait |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.domain.repository import PagesSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from engine.checks.decision import Decision, JudgedAttempt, Purpose
    from engine.domain.brief import AttachedFile, Brief, MissingFile
    from engine.domain.budget import Budget
    from engine.domain.checks import Check, CheckOutcome
    from engine.domain.publication import AwaitedCommit, FrozenCheck, ServedSentence
    from engine.domain.repository import Limits, Repository, SiteFile
    from engine.plan.schema import RequestPlan
    from engine.plan.verdicts import EarlierPlan
    from engine.steps.tree import TreeContext


@dataclass(frozen=True, slots=True)
class Wait:
    """Release the worker and come back at `until`. `reason` says what for; `failed` counts as a transient failure."""

    until: datetime
    reason: str
    needs_attention: bool = False
    failed: bool = False


# --- generate and repair


@dataclass(frozen=True, slots=True)
class ModelAccess:
    """Whether a model may be called, and for how long.

    `failures` counts transient failures in a row. `blocked` says why no model can be called; `given_up` says in a
    sentence why no page must be written any more. Both are "" if a model may be called.
    """

    budget: Budget
    failures: int = 0
    blocked: str = ""
    given_up: str = ""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """This run's plan, None if there is none. `is_made`: a model was asked for it."""

    plan: RequestPlan | None = None
    is_made: bool = False
    cut_off: int = 0  # calls for it during which the process died


@dataclass(frozen=True, slots=True)
class RoundIdentity:
    """What identifies a round's repository (`task_key`, 64 hex digits), page (`marker`) and licence (`year`)."""

    task_key: str
    marker: str
    year: int


@dataclass(frozen=True, slots=True)
class EarlierWork:
    """The results of earlier rounds of the task."""

    repository: Repository | None = None  # the newest published one
    protected: tuple[str, ...] = ()  # their attachments, which must stay unchanged
    own_files: tuple[str, ...] = ()  # files that the service fetched or made for them; a later round may replace them
    last_tree: Callable[[], Mapping[str, bytes]] = dict  # the tree published last, from our own rows
    computed: tuple[str, ...] = ()  # files that its build script made


@dataclass(frozen=True, slots=True)
class FurtherAttempt:
    """A further attempt of a round: `resample` generates the page again from scratch, `fallback` gives up on the app.

    `attempt`, by `model`, is the best so far; `why` is the decision's reason.
    """

    purpose: Purpose
    attempt: int
    model: str
    base_sha: str
    why: str


@dataclass(frozen=True, slots=True)
class GenerateInput:
    """The input of generate. `secret_in` returns the name of our secret in some bytes, None if there is none."""

    brief: Brief
    identity: RoundIdentity
    access: ModelAccess
    secret_in: Callable[[bytes], str | None]
    earlier: EarlierWork
    run_plan: RunPlan
    unfetched: tuple[tuple[str, str], ...] = ()  # (name, url) of attachments to fetch
    unreadable: tuple[MissingFile, ...] = ()  # attachments that the request holds in no readable form
    further: FurtherAttempt | None = None
    allow_private: bool = False  # whether data may be fetched from private addresses
    computes: bool = True  # whether the browser, if there is one, is known to work
    pages_origin: str = ""  # of the page that will be published


@dataclass(frozen=True, slots=True)
class BestAttempt:
    """The best attempt so far, by `model`: its whole tree and its results."""

    attempt: int
    model: str
    files: Mapping[str, SiteFile]
    results: Sequence[CheckOutcome]


@dataclass(frozen=True, slots=True)
class RepairInput:
    """The input of repair. In `context` the best attempt's files are the present ones.

    `run_seconds`: the published commit's workflow failed after so long; None: the repair comes before publishing.
    """

    best: BestAttempt
    context: TreeContext
    base_sha: str  # the head that the tree was made for
    access: ModelAccess
    secret_in: Callable[[bytes], str | None]
    computes: bool = True  # as in GenerateInput
    run_seconds: float | None = None

    def seconds(self, now: datetime) -> float:
        """Return the seconds for a repair that starts `now`; 0 if there are too few."""
        budget = self.access.budget
        if self.run_seconds is None:
            return budget.repair_seconds(now)
        return budget.run_repair_seconds(now, self.run_seconds)


@dataclass(frozen=True, slots=True)
class Generated:
    """A whole tree. `degraded` says why it is the service's fallback page; "" if it is the app.

    `gates` are the results that are known already: those of the gates and of the build script.
    """

    attempt: int
    files: Mapping[str, SiteFile]
    base_sha: str  # the head that the tree was made for; "" in a new repository
    repository: Repository | None
    simulated: bool
    detail: str
    degraded: str = ""
    gates: Sequence[CheckOutcome] = ()


@dataclass(frozen=True, slots=True)
class RepairFailed:
    """A repair gave no usable files. The decision on what follows is made again."""

    detail: str


@dataclass(frozen=True, slots=True)
class RepairSkipped:
    """No further attempt can be made (no time, no model). The best one is published unless a gate bars it."""

    detail: str


# --- verify


@dataclass(frozen=True, slots=True)
class NewTree:
    """The newest attempt's tree, which has no results yet. `parent` is the attempt that it repairs."""

    attempt: int
    purpose: Purpose
    files: Mapping[str, bytes]
    parent: int | None = None
    gates: tuple[CheckOutcome, ...] = ()
    foreign: frozenset[str] = frozenset()  # paths of unchanged attachments


@dataclass(frozen=True, slots=True)
class Requirements:
    """The requirements of this round. `words` is the brief's text; `plan` is None if there is none."""

    words: str
    checks: tuple[Check, ...]
    plan: RequestPlan | None = None
    attachments: tuple[AttachedFile, ...] = ()
    missing: tuple[MissingFile, ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierRequirements:
    """The requirements of earlier published rounds."""

    held_checks: tuple[Check, ...] = ()  # their checks that passed when they were published
    plans: tuple[EarlierPlan, ...] = ()  # the newest first
    before: Mapping[str, bytes] = field(default_factory=dict)  # the tree of the round before
    protected: tuple[str, ...] = ()  # names of their attachments


@dataclass(frozen=True, slots=True)
class EarlierAttempts:
    """The round's attempts that have results, oldest first. `tree_of` returns an attempt's tree."""

    judged: tuple[JudgedAttempt, ...] = ()
    call_seconds: float = 0.0  # of the round's longest model call
    tree_of: Callable[[int], Mapping[str, bytes]] = lambda _: {}


@dataclass(frozen=True, slots=True)
class VerifyInput:
    """The input of verify. `new` is None if a further attempt gave no tree: then only the decision is made again."""

    new: NewTree | None
    url: str  # where Pages would serve it
    requirements: Requirements
    budget: Budget
    earlier: EarlierRequirements
    attempts: EarlierAttempts
    given_up: str = ""  # why no further attempt must be made
    unchecked: str = ""  # why only our own rules are checked
    judging: bool = False  # whether a model may judge sentences that no predicate decided

    @property
    def attached(self) -> Mapping[str, bytes]:
        """The attachments: this round's as they came, earlier ones as the round before left them."""
        before = self.earlier.before
        earlier = {name: before[name] for name in self.earlier.protected if name in before}
        return earlier | {file.name: file.content for file in self.requirements.attachments}


@dataclass(frozen=True, slots=True)
class Verified:
    """The results of `attempt` (None: there was no new tree), and the decision on what follows.

    `warnings` are sentences on the tree to publish; `judgements` are a model's, by sentence.
    """

    attempt: int | None
    results: Sequence[CheckOutcome]
    decision: Decision
    detail: str
    warnings: Sequence[str] = ()
    judgements: Mapping[str, str] = field(default_factory=dict)


# --- publish


@dataclass(frozen=True, slots=True)
class PlannedCommit:
    """A commit that an earlier claim was about to push."""

    sha: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class ChosenTree:
    """The tree to publish."""

    files: Mapping[str, SiteFile]
    chosen_at: datetime
    base_sha: str = ""  # the head that the tree was made for
    simulated: bool = False
    degraded: bool = False
    shortfalls: tuple[str, ...] = ()  # sentences on what it lacks of the request
    unfinished: str = ""  # a sentence on files that end before their end


@dataclass(frozen=True, slots=True)
class PublishInput:
    """The input of publish. `repository` is None if one must be created.

    `failed` is this run's commit whose workflow failed, which the new commit replaces.
    """

    brief: Brief
    round_id: str
    task_key: str
    accepted_at: datetime
    tree: ChosenTree
    repository: Repository | None = None
    planned: PlannedCommit | None = None
    pages_source: PagesSource = PagesSource.BRANCH
    failed: PlannedCommit | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """The commit is the head or an ancestor of it, and Pages is enabled. `degraded` says what was left out of it."""

    repository: Repository
    sha: str
    detail: str
    degraded: str = ""


# --- deploy


@dataclass(frozen=True, slots=True)
class DeployInput:
    """The input of deploy. `waiting` counts the rounds that wait for Pages, with this one; `limits` are the forge's.

    `unrepairable` says why a failed run of a workflow must not be repaired; "" if it may be.
    """

    awaited: AwaitedCommit
    published_at: datetime
    budget: Budget
    waiting: int = 1
    limits: Limits | None = None
    checks: tuple[FrozenCheck, ...] = ()
    sentences: tuple[ServedSentence, ...] = ()
    unrepairable: str = ""


@dataclass(frozen=True, slots=True)
class Deployed:
    """Whether `pages_url` serves this commit; `detail` has the reason if it does not.

    `watch`: the page may still go live, and is checked again after the callback. `degraded` says why what the request
    asks of a workflow did not come about.
    """

    live: bool
    detail: str
    results: Sequence[tuple[int, CheckOutcome]] = ()  # of the checks on the live page, with their positions
    watch: bool = False
    degraded: str = ""


@dataclass(frozen=True, slots=True)
class RunFailed:
    """The commit's workflow failed, and a model shall repair the tree. `result` says how, at `position`."""

    position: int
    result: CheckOutcome
    detail: str


# --- notify


@dataclass(frozen=True, slots=True)
class NotifyInput:
    """The input of notify."""

    url: str
    body: bytes
    webhook_id: str
    statuses: tuple[int | None, ...]  # of this run's callbacks in order, None for those without a response
    first_at: datetime | None
    notify_for: float  # seconds
    deadline: datetime  # an operator should look if the evaluator is not told by then
    signing_key: bytes = field(default=b"", repr=False)  # empty: callbacks are not signed


@dataclass(frozen=True, slots=True)
class Delivered:
    """The evaluator responded with a 2xx status."""

    detail: str
