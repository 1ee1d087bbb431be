"""The check browser: a page that is opened as an evaluator would."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.core.blank_page import BlankPage
    from engine.core.checks import Check, CheckResult, Target
    from engine.core.probes import Probe


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
