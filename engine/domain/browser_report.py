"""Values that the check browser takes and returns: pages, page tests and reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.domain.checks import CheckOutcome, Target


@dataclass(frozen=True, slots=True)
class PageAction:
    """One use of the page. `do` is fill, select, click, press, wait, reload or open; `value` is text, a key, milliseconds, or a query or fragment."""

    do: str
    selector: str = ""  # CSS; "" for wait, reload, open, and for a key that goes to the page
    value: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.do, self.selector, self.value)))


@dataclass(frozen=True, slots=True)
class PageTest:
    """On a freshly opened page, after the steps, the JavaScript expression is true. What holds on an empty page tests nothing."""

    steps: tuple[PageAction, ...]
    expression: str


@dataclass(frozen=True, slots=True)
class PageUnderTest:
    """A page to be checked: `files` served at `url` from memory, or (None) the live page there."""

    url: str
    files: Mapping[str, bytes] | None
    target: Target


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
class BrowserReport:
    """What a verification gave. `not_run` says why there was no browser; "" where there was one."""

    results: Sequence[CheckOutcome]  # one a check, in order
    views: Sequence[PageView] = ()  # one a width
    version: str = ""
    not_run: str = ""
    tested: Sequence[CheckOutcome] = ()  # one a page test, in order; the check of each is the test's expression
    in_order: Sequence[
        bool | None
    ] = ()  # one a check: whether it held on the page shared by all; () where that was not run
