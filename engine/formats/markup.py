"""Parses a page into elements with their lines, and finds its inline scripts.

turbohtml parses in linear time as the HTML standard says (docs/decisions/0010-static-review.md). Pages have a limit
because the callers' work on the tree is not linear.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import turbohtml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turbohtml import Document, Element

#: A larger page is not parsed.
MOST_CHARACTERS = 400_000
MOST_ELEMENTS = 5_000

_PAGE = re.compile(r"\s*(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_SCRIPT_TYPES = frozenset({"", "module", "text/javascript", "application/javascript"})


def begins_as_page(text: str) -> bool:
    """Say whether a text is a page in HTML, whatever its name says."""
    return _PAGE.match(text) is not None


def read_page(source: str) -> Document | None:
    """Return the parsed page; None if it is too large."""
    if len(source) > MOST_CHARACTERS or source.count("<") > MOST_ELEMENTS * 4:
        return None
    page = turbohtml.parse(source, source_locations=True)
    return page if len(page.select("*")) <= MOST_ELEMENTS else None


def attribute(element: Element, name: str) -> str | None:
    """Return an attribute's value; None if the element lacks it."""
    if name not in element.attrs:
        return None
    value = element.attrs[name]
    return value if isinstance(value, str) else " ".join(value or ())


def line_of(element: Element) -> int:
    """Return the line (from 1) of an element's start tag; 1 for an element that the parser added."""
    return element.source_line or 1


def inline_scripts(page: Document) -> Iterator[tuple[int, str]]:
    """Yield first line (from 1) and text of each inline script. Scripts with a `src` and data blocks are skipped."""
    for element in page.select("script:not([src])"):
        place = element.source_location
        if place is not None and (attribute(element, "type") or "").strip().lower() in _SCRIPT_TYPES:
            yield place.start_tag.end_line, element.text
