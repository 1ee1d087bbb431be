"""Finds defects of a page's markup that a browser hides: unclosed elements, duplicate ids, controls without a name."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

import turbohtml
from turbohtml.conformance import check

from engine.formats.markup import attribute, line_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turbohtml import Document, Element

#: At most this many controls, links and pictures are checked, because each check searches all labels and scripts.
MOST_NAMED = 200

#: Elements whose end tag is optional or does not exist
#: (https://html.spec.whatwg.org/multipage/syntax.html#optional-tags).
_OPEN = re.compile(
    r"html|head|body|p|li|dt|dd|rb|rt|rtc|rp|option|optgroup|colgroup|caption|thead|tbody|tfoot|tr|td|th|area|"
    r"base|br|col|embed|hr|img"
    r"|input|link|meta|param|source|track|wbr"
)
#: The parser records no position of these end tags if text follows them.
_ENDS_WITHOUT_PLACE = frozenset({"html", "head", "body"})
#: Error codes of the HTML standard, as turbohtml's parser reports them, that change a page's meaning.
_PARSE_ERRORS = {
    "duplicate-attribute": "an attribute stands twice in one tag; the second is ignored",
    "missing-whitespace-between-attributes": "no space stands between two attributes",
    "missing-attribute-value": "an attribute has `=` and no value",
    "unexpected-character-in-attribute-name": "a quote or `<` stands in an attribute's name",
    "unexpected-equals-sign-before-attribute-name": "`=` stands where an attribute's name begins",
    "non-void-html-element-start-tag-with-trailing-solidus": "`/>` does not close this element; it needs an end tag",
    "eof-in-tag": "the file ends inside a tag",
    "eof-in-comment": "the file ends inside a comment",
    "nested-comment": "a comment begins inside a comment",
}
#: Codes of turbohtml's conformance check. Its other codes are noise on a page that a script fills, or matters of style.
_CONFORMANCE = frozenset({"duplicate-id", "missing-title", "obsolete-element", "aria-invalid-role", "missing-lang"})
#: Inputs that need no label: they are invisible, or their value is their name.
_UNLABELLED = frozenset({"hidden", "submit", "reset", "button", "image"})


def page_defects(source: str, page: Document) -> Iterator[tuple[int, str]]:
    """Yield line (from 1) and description of each defect of the page `source`, parsed as `page`."""
    for error in page.errors:
        if what := _PARSE_ERRORS.get(error.code):
            yield error.line, what
    for message in check(page).messages:
        if message.code in _CONFORMANCE:
            yield message.line or 1, message.message
    yield from _nesting(source, page)
    yield from _names(page)


def _nesting(source: str, page: Document) -> Iterator[tuple[int, str]]:
    """Yield elements without an end tag, and end tags without an element."""
    ends: set[tuple[int, int]] = set()
    for element in page.select("*"):
        place = element.source_location
        if place is None or place.start_tag is None:
            continue
        if end := place.end_tag:
            ends.add((end.start_line, end.start_col))
        elif element.namespace is turbohtml.Namespace.HTML and not _OPEN.fullmatch(element.tag):
            yield place.start_tag.start_line, f"<{element.tag}> is never closed"
    for token in turbohtml.tokenize(source):
        stray = token.type is turbohtml.TokenType.END_TAG and (token.line, token.col) not in ends
        if stray and token.tag not in _ENDS_WITHOUT_PLACE:
            yield token.line, f"</{token.tag}> closes nothing that is open there"


def _names(page: Document) -> Iterator[tuple[int, str]]:
    scripts = "\n".join(script.text for script in page.select("script:not([src])"))
    for control in page.select("input, select, textarea")[:MOST_NAMED]:
        is_typed_in = control.tag != "input" or (attribute(control, "type") or "").strip().lower() not in _UNLABELLED
        if is_typed_in and not _is_named(control, page):
            yield line_of(control), f"{_label(control)} has no <label>"
    for element in page.select("button, a[href]")[:MOST_NAMED]:
        if not _is_named(element, page) and not _is_filled(element, scripts):
            yield line_of(element), f"{_label(element)} has no text and no name"
    for picture in page.select("img:not([alt])")[:MOST_NAMED]:
        if not (_is_filled(picture, scripts) and re.search(r"""\.alt\b|["']alt["']""", scripts)):
            yield line_of(picture), f"{_label(picture)} has no alt"


def _is_named(element: Element, page: Document) -> bool:
    """Say whether a control, button or link has an accessible name (a subset of https://www.w3.org/TR/accname-1.2/)."""
    labelled_by = (attribute(element, "aria-labelledby") or "").split()
    own, around = attribute(element, "id"), element.closest("label")
    texts = [attribute(element, "aria-label"), attribute(element, "title")]
    texts += [one.text for one in page.select("[id]") if attribute(one, "id") in labelled_by] if labelled_by else []
    texts += [label.text for label in page.select("label[for]") if attribute(label, "for") == own] if own else []
    texts += [around.text] if around else []
    if element.tag in {"button", "a"}:
        texts += [element.text, *(attribute(picture, "alt") for picture in element.select("img"))]
        texts += [attribute(one, "aria-label") for one in element.select("[aria-label]")]
        texts += [title.text for title in element.select("svg title")]
    return any(text and text.strip() for text in texts)


def _is_filled(element: Element, scripts: str) -> bool:
    """Say whether a script may fill the element: it contains an id or class of the element or of an ancestor."""
    around = [element, *(one for one in islice(element.ancestors, 8) if isinstance(one, turbohtml.Element))]
    names = [name for one in around for key in ("id", "class") for name in (attribute(one, key) or "").split()]
    return any(name in scripts for name in names)


def _label(element: Element) -> str:
    own = attribute(element, "id") or attribute(element, "name")
    return f"<{element.tag}{f' {own!r}' if own else ''}>"
