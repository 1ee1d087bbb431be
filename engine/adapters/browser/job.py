"""Messages between the service and the check browser's process: one JSON line in, one JSON line out for each event."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from engine.domain.browser_report import PageAction, PageTest

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Job:
    """One verification. `files` None opens the live page at `url`; else they are served at `url` from memory."""

    url: str
    files: Mapping[str, bytes] | None
    expressions: tuple[str, ...]
    executable: str
    sandbox: bool
    window: float  # seconds from load in which a check may become true
    seconds: float  # for everything
    mirror: str = ""  # base URL of a mirror for foreign hosts
    allowed_origins: tuple[str, ...] = ()
    in_order: tuple[int, ...] = ()  # the expressions, by index, to be evaluated one after the other on one page
    tests: tuple[PageTest, ...] = ()

    def line(self) -> bytes:
        plain = asdict(self)
        if self.files is not None:
            plain["files"] = {path: base64.b64encode(content).decode() for path, content in self.files.items()}
        return json.dumps(plain).encode() + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Job:
        """Read what `line` wrote."""
        plain = json.loads(line)
        files = plain.pop("files")
        lists = {name: tuple(plain.pop(name)) for name in ("expressions", "allowed_origins", "in_order")}
        tests = tuple(_page_test(**one) for one in plain.pop("tests"))
        content = None if files is None else {path: base64.b64decode(text) for path, text in files.items()}
        return cls(**{**plain, **lists, "files": content, "tests": tests})


def _page_test(*, steps: list[dict[str, str]], expression: str) -> PageTest:
    return PageTest(tuple(PageAction(**step) for step in steps), expression)


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of one check or page test: `index` is its place among the expressions, and the tests behind them. `empty`: it was seen on an empty page."""

    index: int
    empty: bool
    verdict: str
    detail: str = ""
    value: object = None
    milliseconds: int | None = None


@dataclass(frozen=True, slots=True)
class CheckedInOrder:
    """Whether each of the job's `in_order` held on the one page; None: the run did not get there."""

    held: tuple[bool | None, ...]


@dataclass(frozen=True, slots=True)
class Viewed:
    """The page at one width: what it logged and threw, what it asked for, and a JPEG of it."""

    width: int
    loaded: bool
    screenshot: bytes = b""
    console: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # libraries by host, with their versions
    elements: Mapping[str, str] = field(default_factory=dict)  # what failing checks look up, by selector


@dataclass(frozen=True, slots=True)
class Started:
    """The browser runs."""

    version: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The browser cannot be used on this machine."""

    reason: str


Event = Checked | CheckedInOrder | Viewed | Started | Failed
_KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in (Checked, CheckedInOrder, Viewed, Started, Failed)}


def event_line(event: Event) -> bytes:
    plain = asdict(event)
    if isinstance(event, Viewed):
        plain["screenshot"] = base64.b64encode(event.screenshot).decode()
    return json.dumps({"kind": type(event).__name__, **plain}).encode() + b"\n"


def parse_event(line: bytes) -> Event:
    """Read what `event_line` wrote, with text that every database can keep. Raises ValueError, KeyError or TypeError for anything else."""
    plain = dict(_storable(json.loads(line)))
    kind = _KINDS[str(plain.pop("kind"))]
    if kind is Viewed:
        plain["screenshot"] = base64.b64decode(plain["screenshot"])
        plain["hosts"] = {host: tuple(names) for host, names in plain["hosts"].items()}
        plain |= {name: tuple(plain[name]) for name in ("console", "errors", "failed")}
    if kind is CheckedInOrder:
        plain["held"] = tuple(plain["held"])
    return kind(**plain)


def _storable(value: Any) -> Any:
    """Replace what a page may say and no database keeps: halves of characters and NUL."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {_storable(name): _storable(item) for name, item in value.items()}
        case _:
            return value
