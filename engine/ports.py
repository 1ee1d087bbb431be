"""What the steps need from outside, as Protocols. The values that cross them are in `engine.domain`.

Every port is blocking and thread-safe unless it says otherwise; every method raises only `engine.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from engine.domain.model_call import ignore_chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from engine.domain.brief import AttachedFile, MissingFile
    from engine.domain.browser_report import BrowserReport, PageTest, PageUnderTest
    from engine.domain.checks import Check
    from engine.domain.http import Answer
    from engine.domain.model_call import Message, ModelParameters, Prompt, Reply, ReusedCall
    from engine.domain.repository import CommitSpec, Limits, PagesBuild, Repository, RepositorySpec
    from engine.domain.workbook import Workbook
    from engine.formats.credential_patterns import Token


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        ...


class Scanner(Protocol):
    """Knows what credentials look like."""

    def tokens(self, text: str) -> Iterable[Token]:
        """Yield what looks like a credential in `text`, in a time that grows with its length alone."""
        ...


class Author(Protocol):
    """Writes replies to prompts: one call, one answer, no retries of its own."""

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
        """Ask `model` once and return its answer within `seconds` of wall-clock time, and within `tokens` of answer where they are bounded.

        `on_chunk` is told of each piece of the answer as it comes, where it comes in pieces. `schema` is the JSON Schema of the answer: a server
        that can holds the answer to it, one that cannot answers as it likes. An answer of which a part has come by then, or when the connection is lost, is returned as far as it goes (CUT_OFF).
        Raises Transient (nothing came in time, overload, no connection), OutOfService(kind="model") (refused key, spent quota), Permanent
        (unknown model, refused request, an answer that is none).
        """
        ...


class ModelProfiles(Protocol):
    """Remembers what models take, by server and name, so that what was refused once is not sent again."""

    def profile(self, server: str, model: str) -> ModelParameters:
        """Return what is known of a model; the defaults where nothing is."""
        ...

    def learn(self, server: str, model: str, profile: ModelParameters) -> None:
        """Remember it. Never raises for a database that is down: it is learnt again."""
        ...


class Browser(Protocol):
    """Opens a page as an evaluator would, and runs checks and page tests."""

    def run(
        self, page: PageUnderTest, checks: Sequence[Check], *, seconds: float, tests: Sequence[PageTest] = ()
    ) -> BrowserReport:
        """Return within `seconds`, whatever the page does. Never raises for what a page does or a browser lacks.

        Each check has a fresh page, where it is evaluated until it first holds or its time is over, and never again. Then, for information, those of kind JS are
        evaluated one after the other on one page, where there are at least two and there is time. The page tests come last, each on a fresh page.
        """
        ...


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

    def pages_build(self, repository: Repository, sha: str) -> PagesBuild:
        """Ask once how the Pages build of commit `sha` is."""
        ...

    def rebuild(self, repository: Repository) -> None:
        """Ask once for one more build of the branch's head. Asking again is one more build: whoever asks remembers it first."""
        ...


class Quota(Protocol):
    """Keeps all processes that share the forge's token together within its limits. It never sleeps: whoever is too early is sent away."""

    def take_write(self, key: str) -> None:
        """Let one REST write go now. Raises RateLimited where its turn is later; the same `key` keeps its turn. Raises as `check_limit` does."""
        ...

    def check_limit(self) -> None:
        """Let any other request go now. Raises RateLimited while the forge wants none for a short while, OutOfService for a long one."""
        ...

    def record_limits(self, limits: Limits) -> None:
        """Remember what an answer said. `remaining` 0 closes the gate until `reset`."""
        ...

    def block_requests(self, seconds: float | None, reason: str) -> float:
        """Close the gate, where the forge refused a request by its limits; None: it named no time. Return the seconds until it opens."""
        ...


class Fetcher(Protocol):
    """GETs an address that somebody else named, through the guard."""

    def fetch(self, url: str, *, seconds: float, max_bytes: int) -> Answer:
        """Return the answer, whatever its status. Raises Permanent(address_refused) before any byte is sent, Transient otherwise."""
        ...


class Notifier(Protocol):
    """POSTs a callback, once, following 307 and 308 through the guard."""

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Return the answer, whatever its status. Raises Permanent(address_refused), Transient otherwise."""
        ...


class Workbooks(Protocol):
    """Reads spreadsheets."""

    def read(self, content: bytes, *, seconds: float) -> Workbook:
        """Return within `seconds`, whatever the bytes are. Raises Permanent(workbook_unreadable), its message a clause about "it"."""
        ...


class Journal(Protocol):
    """Keeps rows that must exist before an outside effect and be completed after it.

    Every method but `attempt_chunk` raises LeaseLost where the round's lease is lost, so that a process that was paused past its lease stops
    before the effect.
    """

    def attempt_begun(
        self, *, kind: str, prompt: Prompt, provider: str, model: str, simulated: bool, parent: int | None = None
    ) -> int:
        """Write the row of a model call that is about to be made; return its id.

        Raises Permanent(round_tokens_spent) and OutOfService(model_budget_spent) where a bound on spending leaves no room for it.
        """
        ...

    def tokens_left(self) -> int | None:
        """Return how long the answer to the call begun last may be, in tokens; None: unbounded."""
        ...

    def attempt_reused(self, *, kind: str, model: str, parent: int | None) -> ReusedCall | None:
        """Return the oldest answered call of this kind that an earlier claim of the same step left, each once; None where there is none.

        So that a replay asks the model for nothing that it had said already.
        """
        ...

    def attempt_interrupted(self, *, kind: str, model: str, parent: int | None) -> ReusedCall | None:
        """Return the newest call of this kind during which an earlier claim of the same step ended, with what of its answer was kept; else None.

        Its finish_reason is DISCONNECTED, whatever of it came: nobody was there to hear the rest.
        """
        ...

    def attempt_chunk(self, attempt: int, piece: str) -> None:
        """Take a piece of a streamed answer. Neither waits nor raises: the pieces are written to the row now and then."""
        ...

    def attempt_answered(self, attempt: int, reply: Reply, *, outcome: str) -> None:
        """Complete it with the answer; `outcome` is how the parser called it."""
        ...

    def attempt_failed(self, attempt: int, *, code: str, message: str, reply: Reply | None = None) -> None:
        """Complete it with an error, and with what came back all the same."""
        ...

    def plan_made(
        self,
        plan: Mapping[str, object] | None,
        *,
        attempt: int | None,
        refused: Sequence[Mapping[str, str]],
        why_none: str,
    ) -> None:
        """Write down the run's plan as JSON, or (None) in `why_none` why there is none; what the run has already stays as it is.

        `attempt` is the model call that made it; `refused` holds item and reason of each thing that validation took out.
        """
        ...

    def commit_planned(self, *, sha: str, parent: str | None, paths: Sequence[str]) -> None:
        """Write down which commit is about to become the head."""
        ...

    def commit_abandoned(self, *, sha: str) -> None:
        """The head moved before the planned commit got there; it will not be tried again."""
        ...

    def repository_made(self, repository: Repository) -> None:
        """Remember the repository before anything is pushed to it."""
        ...

    def pages_seen(self, *, build: PagesBuild, http_status: int | None, live: bool, reason: str) -> None:
        """Record one look at Pages and at what it serves."""
        ...

    def rebuild_asked(self, *, sha: str, after: str) -> None:
        """Remember that one more build of a commit is about to be asked for, since the build with the id `after` failed."""
        ...

    def rebuild_put_off(self, *, sha: str) -> None:
        """It was not asked for after all; it may be next time."""
        ...

    def notification_begun(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Write the row of a callback that is about to be sent; return its id."""
        ...

    def notification_ended(self, notification: int, *, answer: Answer | None, error: str) -> None:
        """Complete it with the answer or the error."""
        ...

    def file_kept(self, file: AttachedFile) -> None:
        """Keep a file that was fetched or made for the round, or what was found out about one, so that a replay need not do it again."""
        ...

    def file_missed(self, missing: MissingFile) -> None:
        """Remember a file that the round should have and does not, and why. One that is there is left alone."""
        ...

    def warn(self, text: str) -> None:
        """Add a warning to the round, once."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that a step may use. `browser` is None on a machine without one; without a `scanner` the core's own shapes are looked for.

    Without `workbooks` spreadsheets stay binary files.
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
