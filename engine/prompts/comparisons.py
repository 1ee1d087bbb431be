"""Explains failed comparisons of text: the text that a check expects, and the text of the element."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import turbohtml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_COMPARED = re.compile(
    r"""(?:querySelector\(\s{0,4}["'`]([^"'`\n]{1,120})["'`]\s{0,4}\)|"""
    r"""getElementById\(\s{0,4}["'`]([\w-]{1,80})["'`]\s{0,4}\))"""
    r"""\??\.(?:textContent|innerText|innerHTML)(?:\??\.trim\(\))?\s{0,4}={2,3}\s{0,4}(["'`])([^"'`\\\n]{1,200})\3"""
)


def comparisons(expressions: Iterable[str], elements: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each text that an expression compares and that differs on the page.

    `elements` maps selectors to the elements' HTML.
    """
    for expression in expressions:
        for by_selector, by_id, _, expected in _COMPARED.findall(expression):
            selector = by_selector or f"#{by_id}"
            actual = " ".join(turbohtml.parse_fragment(elements.get(selector, "")).text.split())
            if actual and actual != " ".join(expected.split()):
                yield _sentence(selector, actual, expected)


def _sentence(selector: str, actual: str, expected: str) -> str:
    alike = "".join(actual.split()).casefold() == "".join(expected.split()).casefold()
    only = " Only capitals or spaces differ." if alike else ""
    return f"{selector} says {actual[:120]!r}; it must say {expected!r}, letter for letter.{only}"
