"""The interfaces through which the steps reach the outside world. Their values are in `engine.domain`.

Every method blocks, is thread-safe unless it says otherwise, and raises only errors of `engine.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from engine.domain.model_call import ignore_chunk
from engine.domain.repository import PagesSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from engine.domain.brief import AttachedFile, MissingFile
    from engine.domain.browser_report import BrowserReport, Computation, PageTest, PageUnderTest
    from engine.domain.checks import Check
    from engine.domain.http import Answer
    from engine.domain.model_call import Message, ModelParameters, Prompt, Reply, ReusedCall
    from engine.domain.publication import RunFailure, WorkflowRun
    from engine.domain.repository import CommitSpec, Limits, PagesBuild, Reach, Repository, RepositorySpec
    from engine.domain.workbook import Workbook
    from engine.formats.credential_patterns import Token


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the current time in UTC, timezone-aware."""
        ...


class Scanner(Protocol):
    """Finds credentials in text."""

    def tokens(self, text: str) -> Iterable[Token]:
        """Yield each token that looks like a credential, in time linear in the length of `text`."""
        ...


class Author(Protocol):
    """Calls a language model. One call gives one reply; the caller does the retries."""

    provider: str  # "openai" or "simulated"
    models: Sequence[str]  # in order of preference
    simulated: bool

    def write(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        seconds: float,
        tokens: int | None = None,
        on_chunk: Callable[[str], None] = ignore_chunk,
        schema: Mapping[str, object] | None = None,
    ) -> Reply:
        """Ask `model` once. `seconds` bounds the call, `tokens` the length of the reply.

        `on_chunk` receives each piece of a streamed reply. `schema` is the reply's JSON Schema; a server that does not
        support schemas ignores it. A reply that is cut off by `seconds` or by a lost connection is returned as far as
        it got (CUT_OFF). Raises Transient (no reply in time, overload, no connection), OutOfService(kind="model")
        (refused key, spent quota) or Permanent (unknown model, refused request, malformed reply).
        """
        ...


class ModelProfiles(Protocol):
    """Stores the parameters that a server accepts for a model, so that a refused parameter is not sent again."""

    def profile(self, server: str, model: str) -> ModelParameters:
        """Return the stored parameters; the defaults for an unknown model."""
        ...

    def learn(self, server: str, model: str, profile: ModelParameters) -> None:
        """Store the parameters. This never raises when the database is down: the next refusal teaches them again."""
        ...


class Browser(Protocol):
    """Opens a page in a browser and runs checks and page tests, and runs build scripts."""

    def run(
        self, page: PageUnderTest, checks: Sequence[Check], *, seconds: float, tests: Sequence[PageTest] = ()
    ) -> BrowserReport:
        """Return within `seconds`. This never raises for what the page does or for what the browser lacks.

        Each check gets a fresh page and is evaluated until it first holds or its time is over, then never again. If
        there are at least two JS checks and time is left, they also run in order on one shared page, for information.
        The page tests run last, each on a fresh page.
        """
        ...

    def compute(self, script: str, files: Mapping[str, bytes], *, seconds: float, wait: float) -> Computation:
        """Run a build script twice on `files`, for `seconds` at most, without network, clock and random numbers.

        It waits at most `wait` seconds for a free browser. Return what the script gave, if both runs gave the same.
        This never raises for what the script does.
        """
        ...


class Forge(Protocol):
    """Hosts repositories and serves their pages. A write is idempotent, or is checked before it is repeated."""

    simulated: bool

    def create(self, spec: RepositorySpec) -> Repository:
        """Create the empty repository, or adopt the one that this round created. A taken name gets -2, -3, …."""
        ...

    def find(self, *, slug: str, task_key: str) -> Repository | None:
        """Find the newest repository of a task that has no row left."""
        ...

    def head(self, repository: Repository) -> str | None:
        """Return the SHA of the default branch; None for an empty repository. Raises Permanent(repository_gone)."""
        ...

    def tree(self, repository: Repository, sha: str) -> Mapping[str, bytes]:
        """Return the content of each regular file of a commit, by path."""
        ...

    def compute(self, spec: CommitSpec) -> str:
        """Return the SHA that `commit` would create, without any outside effect."""
        ...

    def commit(self, repository: Repository, spec: CommitSpec) -> bool:
        """Push `spec` if the head is as `spec` expects. False: the head has moved, and its history lacks `spec`."""
        ...

    def enable_pages(self, repository: Repository, source: PagesSource = PagesSource.BRANCH) -> Repository:
        """Have Pages published by `source`, and return the repository with its `pages_url`.

        A repository that says so already costs no call.
        """
        ...

    def take_down(self, repository: Repository, reach: Reach) -> None:
        """Switch Pages off, and make the repository private or archive it as `reach` says.

        What is so already costs no write. A repository that is gone has no page, and that is no error.
        """
        ...

    def put_back(self, repository: Repository, reach: Reach) -> None:
        """Undo `take_down`: the head is published again. Raises Permanent(repository_gone)."""
        ...

    def pages_build(self, repository: Repository, sha: str) -> PagesBuild:
        """Return the state of the Pages build of commit `sha`. This makes one request."""
        ...

    def workflow_run(self, repository: Repository, sha: str, paths: Sequence[str]) -> WorkflowRun:
        """Return the state of the runs that the push of `sha` began, one for each workflow file in `paths`."""
        ...

    def run_failure(self, repository: Repository, run: WorkflowRun) -> RunFailure:
        """Return where a run failed. What the forge does not show is named in the result and raises nothing."""
        ...

    def rebuild(self, repository: Repository) -> None:
        """Request one more build of the branch's head. Each call starts a build: the caller records it first."""
        ...


class Quota(Protocol):
    """Holds all processes that share the forge's token to its rate limits. It raises instead of sleeping."""

    def take_write(self, key: str) -> None:
        """Allow one REST write. Raises RateLimited until the turn of `key` comes; else raises as `check_limit`."""
        ...

    def check_limit(self) -> None:
        """Allow any other request. Raises RateLimited for a short block by the forge, OutOfService for a long one."""
        ...

    def record_limits(self, limits: Limits) -> None:
        """Store the limits of a response. If `remaining` is 0, requests are blocked until `reset`."""
        ...

    def block_requests(self, seconds: float | None, reason: str) -> float:
        """Block requests after the forge refused one; `seconds` None: it named no time. Return the seconds to wait."""
        ...


class Fetcher(Protocol):
    """Fetches an untrusted URL with GET, through the address guard. It is thread-safe and uses no row."""

    def fetch(self, url: str, *, seconds: float, max_bytes: int, origin: str = "") -> Answer:
        """Return the response with any status. `origin`: a page of this origin would ask, as the request says.

        Raises Permanent(address_refused) before sending, else Transient.
        """
        ...


class Notifier(Protocol):
    """POSTs a callback once. It follows 307 and 308 redirects through the address guard."""

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Return the response with any status. Raises Permanent(address_refused) or Transient."""
        ...


class Workbooks(Protocol):
    def read(self, content: bytes, *, seconds: float) -> Workbook:
        """Return within `seconds` for any bytes. Raises Permanent(workbook_unreadable) with a clause about "it"."""
        ...


class Journal(Protocol):
    """Writes a row before an outside effect and completes the row after it.

    Every method except `attempt_chunk` raises LeaseLost if the round's lease is lost. A process that was paused past
    its lease therefore stops before the effect.
    """

    def attempt_begun(
        self, *, kind: str, prompt: Prompt, provider: str, model: str, simulated: bool, parent: int | None = None
    ) -> int:
        """Write the row of a model call before the call, and return its id.

        Raises Permanent(round_tokens_spent) or OutOfService(model_budget_spent) if a spending limit forbids the call.
        """
        ...

    def tokens_left(self) -> int | None:
        """Return the limit in tokens for the reply to the newest call; None: there is no limit."""
        ...

    def attempt_reused(self, *, kind: str, model: str, parent: int | None) -> ReusedCall | None:
        """Return the oldest completed call of this kind from an earlier claim of the step, each once; else None.

        A replay uses it instead of a new call.
        """
        ...

    def attempt_interrupted(self, *, kind: str, model: str, parent: int | None) -> ReusedCall | None:
        """Return the newest call of this kind that an earlier claim of the step left unfinished; None if there is none.

        Its reply holds the text that was stored, with the finish_reason DISCONNECTED.
        """
        ...

    def attempt_chunk(self, attempt: int, piece: str) -> None:
        """Buffer a piece of a streamed reply. This neither waits nor raises; the row is updated from time to time."""
        ...

    def attempt_answered(self, attempt: int, reply: Reply, *, outcome: str) -> None:
        """Complete the attempt with its reply; `outcome` is the parser's result."""
        ...

    def attempt_failed(self, attempt: int, *, code: str, message: str, reply: Reply | None = None) -> None:
        """Complete the attempt with an error, and with the reply if the server sent one."""
        ...

    def plan_made(
        self,
        plan: Mapping[str, object] | None,
        *,
        attempt: int | None,
        refused: Sequence[Mapping[str, str]],
        why_none: str,
    ) -> None:
        """Store the run's plan as JSON, or the reason `why_none` for its absence. An existing plan is not replaced.

        `attempt` is the model call that made the plan; `refused` holds `item` and `reason` of each part that failed
        validation.
        """
        ...

    def commit_planned(self, *, sha: str, parent: str | None, paths: Sequence[str]) -> None:
        """Record the commit that is about to become the head."""
        ...

    def commit_abandoned(self, *, sha: str) -> None:
        """Record that the planned commit will not be pushed, because the head moved first."""
        ...

    def repository_made(self, repository: Repository) -> None:
        """Record the repository before anything is pushed to it."""
        ...

    def pages_seen(self, *, build: PagesBuild, http_status: int | None, live: bool, reason: str) -> None:
        """Record one check of the Pages build and of the served page."""
        ...

    def rebuild_asked(self, *, sha: str, after: str) -> None:
        """Record that a rebuild of a commit is about to be requested, because the build with the id `after` failed."""
        ...

    def rebuild_put_off(self, *, sha: str) -> None:
        """Record that the rebuild was not requested; a later check may request it."""
        ...

    def notification_begun(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Write the row of a callback before it is sent, and return its id."""
        ...

    def notification_ended(self, notification: int, *, answer: Answer | None, error: str) -> None:
        """Complete the callback's row with the response or the error."""
        ...

    def file_kept(self, file: AttachedFile) -> None:
        """Store a file that was fetched or made, or its new note, so that a replay can use it."""
        ...

    def file_missed(self, missing: MissingFile) -> None:
        """Record a missing file and the reason. A file that is stored already is left alone."""
        ...

    def warn(self, text: str) -> None:
        """Add a warning to the round unless it has this warning already."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The interfaces that a step may use.

    `browser` is None on a machine without a browser. Without a `scanner` the engine's own credential patterns are used;
    without `workbooks` a spreadsheet stays a binary file.
    """

    clock: Clock
    author: Author
    forge: Forge
    fetcher: Fetcher
    notifier: Notifier
    journal: Journal
    browser: Browser | None = None
    scanner: Scanner | None = None
    workbooks: Workbooks | None = None
