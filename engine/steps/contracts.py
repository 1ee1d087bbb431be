"""What each step takes and what it gives, in the order of the steps.

Any step may also end with an error of `engine.errors`.

| step | takes | gives |
| --- | --- | --- |
| generate | GenerateInput | Generated, Wait; a resample also RepairSkipped |
| repair | RepairInput | Generated, RepairFailed, RepairSkipped, Wait |
| verify | VerifyInput | Verified |
| publish | PublishInput | Published |
| deploy | DeployInput | Deployed, Wait |
| notify | NotifyInput | Delivered, Wait |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from engine.checks.decision import Decision, JudgedAttempt, Purpose
    from engine.domain.brief import AttachedFile, Brief, MissingFile
    from engine.domain.budget import Budget
    from engine.domain.checks import Check, CheckOutcome, PredicateResult, Verdict
    from engine.domain.repository import Limits, Repository, SiteFile
    from engine.plan.schema import RequestPlan
    from engine.plan.verdicts import EarlierPlan
    from engine.steps.tree import TreeContext


@dataclass(frozen=True, slots=True)
class Wait:
    """Let go of the worker and come back at `until`. `reason` says what for; `failed` counts as a passing failure."""

    until: datetime
    reason: str
    needs_attention: bool = False
    failed: bool = False


# --- generate and repair


@dataclass(frozen=True, slots=True)
class ModelAccess:
    """Whether a model may be asked, and for how long.

    `failures` counts passing failures in a row. `blocked` says why no model can be asked; `given_up` says in a sentence
    why no page is to be written any more. Both are "" where a model may be asked.
    """

    budget: Budget
    failures: int = 0
    blocked: str = ""
    given_up: str = ""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """This run's plan, None where there is none. `is_made`: it was asked for already."""

    plan: RequestPlan | None = None
    is_made: bool = False
    cut_off: int = 0  # calls for it whose process died before they ended


@dataclass(frozen=True, slots=True)
class RoundIdentity:
    """What marks a round's repository (`task_key`, 64 hex digits), its page (`marker`) and its licence (`year`)."""

    task_key: str
    marker: str
    year: int


@dataclass(frozen=True, slots=True)
class EarlierWork:
    """What earlier rounds of the task left to build on."""

    repository: Repository | None = None  # the newest published one
    protected: tuple[str, ...] = ()  # their attachments, which stay as they are
    own_files: tuple[str, ...] = ()  # what the service fetched or made for them: a later round may make it anew
    last_tree: Callable[[], Mapping[str, bytes]] = dict  # what was published last, out of our own rows


@dataclass(frozen=True, slots=True)
class FurtherAttempt:
    """A further attempt of a round: `resample` asks once more from scratch, `fallback` gives up on the app.

    `attempt`, by `model`, is the best so far; `why` is the decision's reason.
    """

    purpose: Purpose
    attempt: int
    model: str
    base_sha: str
    why: str


@dataclass(frozen=True, slots=True)
class GenerateInput:
    """What generate works from. `secret_in` names the secret of ours that bytes hold, None where they hold none."""

    brief: Brief
    identity: RoundIdentity
    access: ModelAccess
    secret_in: Callable[[bytes], str | None]
    earlier: EarlierWork
    run_plan: RunPlan
    unfetched: tuple[tuple[str, str], ...] = ()  # (name, url) of attachments that are still to be fetched
    further: FurtherAttempt | None = None
    allow_private: bool = False  # whether data may be fetched from private addresses


@dataclass(frozen=True, slots=True)
class BestAttempt:
    """The best attempt so far, by `model`: its whole tree and its results."""

    attempt: int
    model: str
    files: Mapping[str, SiteFile]
    results: Sequence[CheckOutcome]


@dataclass(frozen=True, slots=True)
class RepairInput:
    """What repair works from. `context` is of the repaired tree: the best attempt's files are present in it."""

    best: BestAttempt
    context: TreeContext
    base_sha: str  # the head that it was written for
    access: ModelAccess
    secret_in: Callable[[bytes], str | None]


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
    """No further attempt can be made (no time, no model): the best one is published as it is, unless a gate bars it."""

    detail: str


# --- verify


@dataclass(frozen=True, slots=True)
class NewTree:
    """The newest attempt's tree, not judged yet. `parent` is the attempt that it repairs."""

    attempt: int
    purpose: Purpose
    files: Mapping[str, bytes]
    parent: int | None = None
    gates: tuple[CheckOutcome, ...] = ()
    foreign: frozenset[str] = frozenset()  # paths of files that were attached, which are as they came


@dataclass(frozen=True, slots=True)
class Requirements:
    """What this round asks for. `words` is the brief's text; `plan` is None where there is none."""

    words: str
    checks: tuple[Check, ...]
    plan: RequestPlan | None = None
    attachments: tuple[AttachedFile, ...] = ()
    missing: tuple[MissingFile, ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierRequirements:
    """What earlier rounds asked for and published."""

    held_checks: tuple[Check, ...] = ()  # those of their checks that held when they were published
    plans: tuple[EarlierPlan, ...] = ()  # the newest first
    before: Mapping[str, bytes] = field(default_factory=dict)  # the tree of the round before
    protected: tuple[str, ...] = ()  # names of their attachments


@dataclass(frozen=True, slots=True)
class EarlierAttempts:
    """The round's attempts that were judged before, the oldest first; `tree_of` returns the tree of one."""

    judged: tuple[JudgedAttempt, ...] = ()
    call_seconds: float = 0.0  # that the round's longest model call took
    tree_of: Callable[[int], Mapping[str, bytes]] = lambda _: {}


@dataclass(frozen=True, slots=True)
class VerifyInput:
    """What is to be judged. `new` is None where a further attempt gave no tree: then only the decision is made anew."""

    new: NewTree | None
    url: str  # where Pages would serve it
    requirements: Requirements
    budget: Budget
    earlier: EarlierRequirements
    attempts: EarlierAttempts
    given_up: str = ""  # why no further attempt is to be made
    unchecked: str = ""  # why nothing but our own rules is to be judged
    judging: bool = False  # whether a model may be asked about sentences that nothing decided

    @property
    def attached(self) -> Mapping[str, bytes]:
        """Return the attachments: this round's as they came, earlier ones as the round before left them."""
        before = self.earlier.before
        earlier = {name: before[name] for name in self.earlier.protected if name in before}
        return earlier | {file.name: file.content for file in self.requirements.attachments}


@dataclass(frozen=True, slots=True)
class Verified:
    """The results of one attempt (None: there was nothing new to check), and what follows.

    `warnings` are sentences about the tree to be published; `judgements` are a model's, by the sentence judged.
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
    """The tree that is published."""

    files: Mapping[str, SiteFile]
    chosen_at: datetime
    base_sha: str = ""  # the head that it was written for
    simulated: bool = False
    degraded: bool = False
    shortfalls: tuple[str, ...] = ()  # in sentences, what it lacks of what was asked for


@dataclass(frozen=True, slots=True)
class PublishInput:
    """The chosen tree and where it goes. `repository` is None where one is to be made."""

    brief: Brief
    round_id: str
    task_key: str
    accepted_at: datetime
    tree: ChosenTree
    repository: Repository | None = None
    planned: PlannedCommit | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """The commit is the head, or an ancestor of it, and Pages is on."""

    repository: Repository
    sha: str
    detail: str


# --- deploy


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One more build was asked for at `at`, after the build with the id `after` had failed."""

    after: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AwaitedCommit:
    """The commit that must be live, its `index.html` byte for byte, the round's marker in it.

    `later` are commits that later rounds put on top of it: once one of those is built, this one will never be.
    """

    repository: Repository
    sha: str
    page: bytes
    later: frozenset[str] = frozenset()
    rebuild: Rebuild | None = None


@dataclass(frozen=True, slots=True)
class FrozenCheck:
    """A check as it was judged before publishing: its `position` among the results, and the verdict there."""

    position: int
    check: Check
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ServedSentence:
    """A sentence with predicates that only the published site decides: `served` are their paths, by place in `results`."""

    position: int
    check: Check
    results: tuple[PredicateResult, ...]  # of all its predicates, before publishing
    served: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class DeployInput:
    """The commit that must be live. `waiting` rounds look at Pages, this one among them; `limits` are the forge's."""

    awaited: AwaitedCommit
    published_at: datetime
    budget: Budget
    waiting: int = 1
    limits: Limits | None = None
    checks: tuple[FrozenCheck, ...] = ()
    sentences: tuple[ServedSentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Deployed:
    """What `pages_url` serves was proven to be this commit, or why the evaluator is told without that.

    `watch`: it may still come, and is looked for after the evaluator was told.
    """

    live: bool
    detail: str
    results: Sequence[tuple[int, CheckOutcome]] = ()  # of the checks that were run once more, with their positions
    watch: bool = False


# --- notify


@dataclass(frozen=True, slots=True)
class NotifyInput:
    """The callback and how often it was tried."""

    url: str
    body: bytes
    webhook_id: str
    statuses: tuple[int | None, ...]  # of this run's attempts in order, None for those without an answer
    first_at: datetime | None
    notify_for: float  # seconds


@dataclass(frozen=True, slots=True)
class Delivered:
    """The evaluator answered with a 2xx."""

    detail: str
