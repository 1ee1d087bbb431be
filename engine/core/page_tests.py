"""Tests of a page: what is done with it, what must then be true, and a blank page on which that must not be so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.selectors import selectors_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_WORDS = 4_000  # characters of the brief
_TAGS = {"fill": "input", "select": "select", "click": "button", "press": "input"}


@dataclass(frozen=True, slots=True)
class PageAction:
    """One use of the page. `do` is fill, select, click, press, wait, reload or open; `value` is text, a key, milliseconds, or a query or fragment."""

    do: str
    selector: str = ""  # CSS; "" for wait, reload, open, and for a key that goes to the page
    value: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.do, self.selector, self.value)))


@dataclass(frozen=True, slots=True)
class BlankPage:
    """A page without the app: the brief's `words`, and an element for each selector, with its tag where the selector names none."""

    words: str
    elements: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PageTest:
    """On a freshly opened page, after the steps, the JavaScript expression is true. What holds on the blank page tests nothing."""

    steps: tuple[PageAction, ...]
    expression: str
    blank: BlankPage


def page_test(steps: Sequence[PageAction], expression: str, brief: str) -> PageTest:
    """Return the test with its blank page, which shows the brief and has each element that the steps or the expression name."""
    used = {step.selector: _TAGS.get(step.do, "div") for step in steps if step.selector}
    looked_up = dict.fromkeys(selectors_of(expression), "div")
    blank = BlankPage(brief.strip()[:_MOST_WORDS], tuple((looked_up | used).items()))
    return PageTest(tuple(steps), expression, blank)
