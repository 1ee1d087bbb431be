"""Messages between the service and the check browser's process: one JSON line for the job and one for each event."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from engine.domain.browser_report import Fill, PageAction, PageTest
from engine.formats.text_encoding import database_safe

if TYPE_CHECKING:
    from collections.abc import Mapping


#: The beginning of a check's detail if the browser itself was gone.
NO_PAGE = "no page could be opened"


@dataclass(frozen=True, slots=True)
class Job:
    """One verification. The `files` are served at `url` from memory; None opens the live page at `url`."""

    url: str
    files: Mapping[str, bytes] | None
    expressions: tuple[str, ...]
    executable: str
    sandbox: bool
    window: float  # seconds from load in which a check may become true
    seconds: float  # for everything
    mirror: str = ""  # base URL of a mirror for foreign hosts
    allowed_origins: tuple[str, ...] = ()
    in_order: tuple[int, ...] = ()  # indexes of the expressions to evaluate one after the other on one page
    tests: tuple[PageTest, ...] = ()
    allow_no_sandbox: bool = False  # start without the sandbox if it cannot be used

    def line(self) -> bytes:
        plain = {"kind": "verification", **asdict(self)}
        if self.files is not None:
            plain["files"] = _encoded(self.files)
        return json.dumps(plain).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class ComputeJob:
    """One computation: a build script and the files that it gets. Its two runs may take `seconds` together."""

    script: str
    files: Mapping[str, bytes]
    executable: str
    sandbox: bool
    seconds: float
    allow_no_sandbox: bool = False

    def line(self) -> bytes:
        return json.dumps({"kind": "computation", **asdict(self), "files": _encoded(self.files)}).encode() + b"\n"


def parse_job(line: bytes) -> Job | ComputeJob:
    """Parse the result of a job's `line`."""
    plain = json.loads(line)
    kind, files = plain.pop("kind"), plain.pop("files")
    content = None if files is None else _decoded(files)
    if kind == "computation":
        return ComputeJob(**plain, files=content or {})
    lists = {name: tuple(plain.pop(name)) for name in ("expressions", "allowed_origins", "in_order")}
    tests = tuple(_page_test(**test) for test in plain.pop("tests"))
    return Job(**{**plain, **lists, "files": content, "tests": tests})


def _encoded(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: base64.b64encode(content).decode() for path, content in files.items()}


def _decoded(files: Mapping[str, str]) -> dict[str, bytes]:
    return {path: base64.b64decode(text) for path, text in files.items()}


def _page_test(*, steps: list[dict[str, str]], expression: str) -> PageTest:
    return PageTest(tuple(PageAction(**step) for step in steps), expression)


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check or page test, on an empty page if `empty`. `index` counts expressions, then tests."""

    index: int
    empty: bool
    verdict: str
    detail: str = ""
    value: object = None
    milliseconds: int | None = None


@dataclass(frozen=True, slots=True)
class CheckedInOrder:
    """Whether each of the job's `in_order` expressions held on the one page; None: it was not evaluated."""

    held: tuple[bool | None, ...]


@dataclass(frozen=True, slots=True)
class Viewed:
    """The page at one width in pixels: its console, errors, failed requests, and a JPEG screenshot."""

    width: int
    loaded: bool
    screenshot: bytes = b""
    console: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # libraries by host, with their versions
    elements: Mapping[str, str] = field(default_factory=dict)  # HTML of the elements of failing checks, by selector


@dataclass(frozen=True, slots=True)
class Started:
    """The browser runs, with its sandbox or without."""

    version: str
    sandbox: bool = True


@dataclass(frozen=True, slots=True)
class Failed:
    """The browser cannot be used on this machine."""

    reason: str


@dataclass(frozen=True, slots=True)
class Computed:
    """What both runs of a build script returned, or the `error` of one of them."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    fills: Mapping[str, Fill] = field(default_factory=dict)
    error: str = ""


Event = Checked | CheckedInOrder | Viewed | Started | Failed | Computed
_KINDS: Mapping[str, type[Event]] = {
    kind.__name__: kind for kind in (Checked, CheckedInOrder, Viewed, Started, Failed, Computed)
}


def event_line(event: Event) -> bytes:
    plain = asdict(event)
    if isinstance(event, Viewed):
        plain["screenshot"] = base64.b64encode(event.screenshot).decode()
    if isinstance(event, Computed):
        plain["files"] = _encoded(event.files)
    return json.dumps({"kind": type(event).__name__, **plain}).encode() + b"\n"


def parse_event(line: bytes) -> Event:
    """Parse the result of `event_line`, with text that every database can store.

    Raises ValueError, KeyError or TypeError for other input.
    """
    plain = dict(database_safe(json.loads(line)))
    kind = _KINDS[str(plain.pop("kind"))]
    if kind is Viewed:
        plain["screenshot"] = base64.b64decode(plain["screenshot"])
        plain["hosts"] = {host: tuple(names) for host, names in plain["hosts"].items()}
        plain |= {name: tuple(plain[name]) for name in ("console", "errors", "failed")}
    if kind is CheckedInOrder:
        plain["held"] = tuple(plain["held"])
    if kind is Computed:
        plain["files"] = _decoded(plain["files"])
        plain["fills"] = {name: Fill(**fill) for name, fill in plain["fills"].items()}
    return kind(**plain)
