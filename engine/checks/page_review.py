"""Review of a page's markup: what its author would be asked to change, though a browser shows it all the same."""

from __future__ import annotations

import re
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import turbohtml
from turbohtml.conformance import check

from engine.domain.issue import Issue
from engine.formats.markup import CONTROLS, attribute, line_of, name_of, needs_label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turbohtml import Document, Element

#: So many controls, links and pictures of a page are looked at, since each is looked for among all labels and scripts.
MOST_NAMED = 200

#: Elements whose end tag may be left out, or that have none (https://html.spec.whatwg.org/multipage/syntax.html#optional-tags).
_OPEN = re.compile(
    r"html|head|body|p|li|dt|dd|rb|rt|rtc|rp|option|optgroup|colgroup|caption|thead|tbody|tfoot|tr|td|th|area|base|br|col|embed|hr|img"
    r"|input|link|meta|param|source|track|wbr"
)
#: Codes of turbohtml's parser, which are the HTML standard's, that change what the page means.
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
#: Codes of turbohtml's check of what authors must and should do; the others are noise on a page whose script fills it.
_CONFORMANCE = {
    "duplicate-id": True,
    "missing-title": True,
    "obsolete-element": True,
    "obsolete-attribute": False,
    "aria-invalid-role": False,
    "missing-lang": False,
}


def page_issues(path: str, source: str, page: Document) -> Iterator[Issue]:
    """Yield the flaws of the page `source`, parsed as `page`."""
    for error in page.errors:
        if what := _PARSE_ERRORS.get(error.code):
            yield Issue(path, error.line, what, is_error=True)
    for message in check(page).messages:
        if message.code in _CONFORMANCE:
            yield Issue(path, message.line or 1, message.message, is_error=_CONFORMANCE[message.code])
    yield from _nesting(path, source, page)
    yield from _head(path, source, page)
    yield from _names(path, page)
    yield from _headings(path, page)


def _nesting(path: str, source: str, page: Document) -> Iterator[Issue]:
    """Elements without their end tag, and end tags without an element."""
    ends: set[tuple[int, int]] = set()
    for element in page.select("*"):
        place = element.source_location
        if place is None or place.start_tag is None:
            continue
        if end := place.end_tag:
            ends.add((end.start_line, end.start_col))
        elif element.namespace is turbohtml.Namespace.HTML and not _OPEN.fullmatch(element.tag):
            yield Issue(path, place.start_tag.start_line, f"<{element.tag}> is never closed", is_error=True)
    for token in turbohtml.tokenize(source):
        if token.type is turbohtml.TokenType.END_TAG and (token.line, token.col) not in ends and token.tag not in _ENDS:
            yield Issue(path, token.line, f"</{token.tag}> closes nothing that is open there", is_error=True)


#: The parser keeps no place of these ends where something follows them.
_ENDS = frozenset({"html", "head", "body"})


def _head(path: str, source: str, page: Document) -> Iterator[Issue]:
    if not re.match(r"\ufeff?(?:\s|<!--.{0,2000}?-->){0,20}<!doctype html\s*>", source, re.IGNORECASE | re.DOTALL):
        yield Issue(path, 1, "it does not begin with <!DOCTYPE html>")
    names = {(attribute(meta, "name") or "").lower() for meta in page.select("meta")}
    if "viewport" not in names:
        yield Issue(path, 1, 'no <meta name="viewport"> makes it readable on a phone')
    if not page.select("meta[charset], meta[http-equiv]"):
        yield Issue(path, 1, 'no <meta charset="utf-8"> names its encoding')


def _names(path: str, page: Document) -> Iterator[Issue]:
    scripts = "\n".join(script.text for script in page.select("script:not([src])"))
    for control in page.select(CONTROLS)[:MOST_NAMED]:
        if needs_label(control) and not name_of(control, page):
            yield Issue(path, line_of(control), f"{_shown(control)} has no <label>", is_error=True)
    for element in page.select("button, a[href]")[:MOST_NAMED]:
        if not name_of(element, page) and not _is_filled(element, scripts):
            yield Issue(path, line_of(element), f"{_shown(element)} has no text and no name", is_error=True)
    for picture in page.select("img:not([alt])")[:MOST_NAMED]:
        if not (_is_filled(picture, scripts) and re.search(r"""\.alt\b|["']alt["']""", scripts)):
            yield Issue(path, line_of(picture), f"{_shown(picture)} has no alt", is_error=True)


def _is_filled(element: Element, scripts: str) -> bool:
    """Say whether a script may give the element what it lacks: it names it, or an element around it."""
    around = [element, *(one for one in islice(element.ancestors, 8) if isinstance(one, turbohtml.Element))]
    names = [name for one in around for key in ("id", "class") for name in (attribute(one, key) or "").split()]
    return any(name in scripts for name in names)


def _headings(path: str, page: Document) -> Iterator[Issue]:
    for before, after in pairwise(page.select("h1, h2, h3, h4, h5, h6")):
        if int(after.tag[1]) > int(before.tag[1]) + 1:
            yield Issue(path, line_of(after), f"<{after.tag}> follows <{before.tag}>: a level of heading is left out")


def _shown(element: Element) -> str:
    own = attribute(element, "id") or attribute(element, "name")
    return f"<{element.tag}{f' {own!r}' if own else ''}>"
