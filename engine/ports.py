"""What the steps need from outside, as Protocols, with the values that cross them.

Every port is blocking and thread-safe unless it says otherwise; every method raises only `engine.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from engine.core.blank_page import BlankPage
    from engine.core.brief import AttachedFile, MissingFile
    from engine.core.checks import Check, CheckResult, Target
    from engine.core.probes import Probe
    from engine.core.token_shapes import Token


# --- Clock ---------------------------------------------------------------------------------------------------------------------


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        ...


# --- Author: a language model ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that goes with a message, where the model takes pictures. `media_type` is that of the bytes, whatever the file was called."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message: text, and pictures that the model may or may not get to see; the text must do without them."""

    role: Literal["system", "user", "assistant"]
    content: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; None where the server did not say. `cost` in US dollars, from `cost_source`; unknown is None, never 0."""

    input: int | None = None
    cached: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cost: float | None = None
    cost_source: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered. `finish_reason` as the server gave it ("stop", "length", "content_filter", …)."""

    text: str
    model: str
    finish_reason: str
    usage: Usage = field(default_factory=Usage)
    parameters: Mapping[str, object] = field(default_factory=dict)
    request_id: str = ""


class Author(Protocol):
    """Writes replies to prompts: one call, one answer, no retries of its own."""

    provider: str  # "openai" or "simulated"
    models: Sequence[str]  # in order of preference
    simulated: bool

    def write(self, messages: Sequence[Message], *, model: str, seconds: float, tokens: int | None = None) -> Reply:
        """Ask `model` once and return its answer within `seconds` of wall-clock time, and within `tokens` of answer where they are bounded.

        Raises Transient (timeout, overload, no connection), OutOfService(kind="model") (refused key, spent quota), Permanent (unknown
        model, refused request, an answer that is none).
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """What a server was found to take for one of its models; the defaults are what is tried first."""

    length_parameter: str = "max_completion_tokens"  # or "max_tokens"; "" where it takes neither
    longest_answer: int | None = None  # in tokens; None: nobody said
    dropped: frozenset[str] = frozenset()  # parameters that it refused
    images: bool | None = None  # None: nobody knows yet


class Profiles(Protocol):
    """Remembers what models take, by server and name, so that what was refused once is not sent again."""

    def profile(self, server: str, model: str) -> ModelProfile:
        """Return what is known of a model; the defaults where nothing is."""
        ...

    def learn(self, server: str, model: str, profile: ModelProfile) -> None:
        """Remember it. Never raises for a database that is down: it is learnt again."""
        ...


# --- Browser ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PageUnderTest:
    """A page to be checked: `files` served at `url` from memory, or (None) the live page there. `words`: the brief, which may say how it is used."""

    url: str
    files: Mapping[str, bytes] | None
    target: Target
    words: str = ""


@dataclass(frozen=True, slots=True)
class PageView:
    """The page at one width in pixels: a JPEG, what it logged and threw, what it could not get, and the foreign hosts that it needs.

    `elements`: what stands on the page, as HTML cut short, by the selectors that failing checks name; "" where nothing does.
    """

    width: int
    loaded: bool
    screenshot: bytes
    console: Sequence[str]
    errors: Sequence[str]
    failed: Sequence[str]
    hosts: Mapping[str, Sequence[str]]  # with the libraries' names and versions
    elements: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """A probe to be run, and the page that it must not hold on."""

    probe: Probe
    blank: BlankPage


@dataclass(frozen=True, slots=True)
class BrowserReport:
    """One result a js check, in order, one a probe, and a view a width. `not_run` says why there was no browser; "" where there was one."""

    results: Sequence[CheckResult]
    views: Sequence[PageView] = ()
    version: str = ""
    not_run: str = ""
    probed: Sequence[CheckResult] = ()


class Browser(Protocol):
    """Opens a page as an evaluator would and runs its js checks."""

    def run(
        self, page: PageUnderTest, checks: Sequence[Check], *, seconds: float, probes: Sequence[ProbeRun] = ()
    ) -> BrowserReport:
        """Return within `seconds`, whatever the page does. Never raises for what a page does or a browser lacks.

        A check of kind RULE is read on the page as it opens: the page is not used for it. Probes come last, each on a fresh page.
        """
        ...


# --- Forge: where repositories and pages live --------------------------------------------------------------------------------------


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


# --- The way out ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, bounded in size. `truncated`: there was more. `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str  # the last one, after redirects
    truncated: bool = False


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


# --- Workbooks: spreadsheets that came attached -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet from its cell A1 on: `csv` is all of it, UTF-8, as `engine.core.cells` writes it."""

    name: str
    rows: int
    columns: int
    csv: bytes


@dataclass(frozen=True, slots=True)
class Workbook:
    """A spreadsheet's visible sheets, and in clauses about "it" what CSV does not say of them."""

    sheets: tuple[Sheet, ...]
    warnings: tuple[str, ...] = ()


class Workbooks(Protocol):
    """Reads spreadsheets."""

    def read(self, content: bytes, *, seconds: float) -> Workbook:
        """Return within `seconds`, whatever the bytes are. Raises Permanent(workbook_unreadable), its message a clause about "it"."""
        ...


# --- Scanner -------------------------------------------------------------------------------------------------------------------------


class Scanner(Protocol):
    """Knows what credentials look like."""

    def tokens(self, text: str) -> Iterable[Token]:
        """Yield what looks like a credential in `text`, in a time that grows with its length alone."""
        ...


# --- Journal: rows written while a step runs -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as sent, with the name, version and hash of the template that made it."""

    name: str
    version: str
    digest: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Recalled:
    """A model call that was answered before the process of that claim died: its row, the prompt's messages and the answer."""

    attempt: int
    messages: tuple[Message, ...]
    reply: Reply


class Journal(Protocol):
    """Keeps rows that must exist before an outside effect and be completed after it.

    Every method raises Fenced where the round's lease is lost, so that a process that was paused past its lease stops before the effect.
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

    def attempt_recalled(self, *, kind: str, model: str, parent: int | None) -> Recalled | None:
        """Return the oldest answered call of this kind that an earlier claim of the same step left, each once; None where there is none.

        So that a replay asks the model for nothing that it had said already.
        """
        ...

    def attempt_answered(self, attempt: int, reply: Reply, *, outcome: str) -> None:
        """Complete it with the answer; `outcome` is how the parser called it."""
        ...

    def attempt_failed(self, attempt: int, *, code: str, message: str, reply: Reply | None = None) -> None:
        """Complete it with an error, and with what came back all the same."""
        ...

    def probes_frozen(self, probes: Sequence[Probe], *, attempt: int | None) -> None:
        """Write down the round's probes, once and for good; `attempt` is the call that wrote them, None where there was none."""
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

    def pages_seen(self, *, look: Look, http_status: int | None, live: bool, reason: str) -> None:
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


# --- All together ---------------------------------------------------------------------------------------------------------------------


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
