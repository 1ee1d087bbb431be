"""A page's markup as it is written: its elements with their lines, its inline scripts, and what its controls are called.

Parsed by turbohtml, in linear time as the HTML standard says (docs/decisions/0010-static-review.md); bounded here all the same, since
what is asked of the tree afterwards is not linear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import turbohtml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turbohtml import Document, Element

#: A page with more than this is not read.
MOST_CHARACTERS = 400_000
MOST_ELEMENTS = 5_000

CONTROLS = "input, select, textarea"
#: Inputs that need no label: nobody sees them, or their own value is their name.
_UNLABELLED = frozenset({"hidden", "submit", "reset", "button", "image"})
_SCRIPT_TYPES = frozenset({"", "module", "text/javascript", "application/javascript"})


@dataclass(frozen=True, slots=True)
class InlineScript:
    """The text of an inline script and the line of the page (from 1) on which it begins."""

    line: int
    text: str


def read_page(source: str) -> Document | None:
    """Return the parsed page, None where it is too large to be read."""
    if len(source) > MOST_CHARACTERS or source.count("<") > MOST_ELEMENTS * 4:
        return None
    page = turbohtml.parse(source, source_locations=True)
    return page if len(page.select("*")) <= MOST_ELEMENTS else None


def attribute(element: Element, name: str) -> str | None:
    """Return an attribute's value, None where there is none."""
    if name not in element.attrs:
        return None
    value = element.attrs[name]
    return value if isinstance(value, str) else " ".join(value or ())


def line_of(element: Element) -> int:
    """Return the line (from 1) of an element's start tag; 1 for one that the parser added."""
    return element.source_line or 1


def words(text: str) -> str:
    """Return a text with its white space made plain."""
    return " ".join(text.split())


def inline_scripts(page: Document) -> Iterator[InlineScript]:
    """Yield the page's own scripts; not those that load a file, nor data blocks."""
    for element in page.select("script:not([src])"):
        place = element.source_location
        if place is not None and (attribute(element, "type") or "").strip().lower() in _SCRIPT_TYPES:
            yield InlineScript(place.start_tag.end_line, element.text)


def needs_label(control: Element) -> bool:
    """Say whether an input, select or textarea is one that people fill in."""
    return not (control.tag == "input" and (attribute(control, "type") or "").strip().lower() in _UNLABELLED)


def name_of(element: Element, page: Document) -> str:
    """Return what a control, button or link is called, "" where nothing names it (https://www.w3.org/TR/accname-1.2/, in short)."""
    for given in (attribute(element, "aria-label"), _labelled_by(element, page), _labels(element, page)):
        if given and words(given):
            return words(given)
    own = "" if element.tag in {"input", "select", "textarea"} else _content(element)
    return own or words(attribute(element, "title") or "")


def _labelled_by(element: Element, page: Document) -> str:
    ids = (attribute(element, "aria-labelledby") or "").split()
    return " ".join(one.text for one in page.select("[id]") if attribute(one, "id") in ids) if ids else ""


def _labels(element: Element, page: Document) -> str:
    own = attribute(element, "id")
    named = [label.text for label in page.select("label[for]") if own and attribute(label, "for") == own]
    around = element.closest("label")
    return " ".join([*named, around.text if around else ""])


def _content(element: Element) -> str:
    pictures = [attribute(picture, "alt") or "" for picture in element.select("img")]
    inner = [attribute(one, "aria-label") or "" for one in element.select("[aria-label]")]
    drawn = [title.text for title in element.select("svg title")]
    return words(" ".join([element.text, *pictures, *inner, *drawn]))
