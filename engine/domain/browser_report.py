"""Values that the check browser accepts and returns: pages, page tests, reports and computations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.domain.checks import CheckOutcome, Target


@dataclass(frozen=True, slots=True)
class PageAction:
    """One action on a page. `do` is fill, select, click, press, wait, reload or open.

    `value` is a text, a key, milliseconds, or (open) a query or fragment.
    """

    do: str
    selector: str = ""  # CSS; "" for wait, reload, open, and for a key that goes to the page
    value: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.do, self.selector, self.value)))


@dataclass(frozen=True, slots=True)
class PageTest:
    """The JavaScript expression must be true on a fresh page after the steps. It must be false on an empty page."""

    steps: tuple[PageAction, ...]
    expression: str


@dataclass(frozen=True, slots=True)
class PageUnderTest:
    """A page to check: `files` are served at `url` from memory; None means the live page at `url`."""

    url: str
    files: Mapping[str, bytes] | None
    target: Target


@dataclass(frozen=True, slots=True)
class PageView:
    """The page at one width in pixels. `screenshot` is a JPEG; `failed` are the resources that could not be loaded.

    `elements` maps the selectors of failing checks to the start of each element's HTML; "" if there is no such element.
    """

    width: int
    loaded: bool
    screenshot: bytes
    console: Sequence[str]
    errors: Sequence[str]
    failed: Sequence[str]
    hosts: Mapping[str, Sequence[str]]  # foreign hosts that the page needs, with the libraries' names and versions
    elements: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BrowserReport:
    """The results of one browser session. `not_run` says why no browser ran; "" if one did."""

    results: Sequence[CheckOutcome]  # one for each check, in order
    views: Sequence[PageView] = ()  # one for each width
    version: str = ""
    not_run: str = ""
    tested: Sequence[CheckOutcome] = ()  # one for each page test, in order; its check is the test's expression
    # Whether each check held on the page that all share; None: it was not reached; () if this was not run.
    in_order: Sequence[bool | None] = ()


@dataclass(frozen=True, slots=True)
class Fill:
    """A value for a marked place of the page: as JSON, and as text unless it is an array or an object."""

    json: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Computation:
    """What a build script returned: files by path as it named them, and fills by name.

    `error` says why it returned nothing, with the script's line if there is one. `not_run` says why no browser ran it.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    fills: Mapping[str, Fill] = field(default_factory=dict)
    error: str = ""
    not_run: str = ""
