"""Tests of a page: what is done with it, and what must then be true."""

from __future__ import annotations

from dataclasses import dataclass


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
