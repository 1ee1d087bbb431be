"""The check browser: a page that is opened as an evaluator would."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.core.checks import Check, CheckResult, Target
    from engine.core.page_tests import PageTest


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

    results: Sequence[CheckResult]  # one a check, in order
    views: Sequence[PageView] = ()  # one a width
    version: str = ""
    not_run: str = ""
    tested: Sequence[CheckResult] = ()  # one a page test, in order; the check of each is the test's expression
    in_order: Sequence[
        bool | None
    ] = ()  # one a check: whether it held on the page shared by all; () where that was not run


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
