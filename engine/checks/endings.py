"""Says where a file ends before its end, because the reply that held it was cut off or its writer stopped.

Only what the form of the file shows counts: an open script, comment or bracket, a page without `</html>`. Text that
has no such form (Markdown, CSV) shows nothing.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import turbohtml

from engine.formats.javascript import SCRIPT_SUFFIXES, open_at_end
from engine.formats.markup import attribute
from engine.formats.xml_text import ends_too_early

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turbohtml import Document, Element

_PAGE = (".html", ".htm")
_STYLE = (".css",)
_JSON = (".json", ".webmanifest", ".geojson", ".ipynb")
_XML = (".svg", ".xml")

_CUT_TAGS = {"eof-in-comment": "a comment", "eof-in-tag": "a tag", "eof-in-doctype": "its doctype"}
#: Elements whose end tag may be left out: https://html.spec.whatwg.org/multipage/syntax.html#optional-tags
_MAY_STAY_OPEN = frozenset({
    "html", "head", "body", "p", "li", "dt", "dd", "rt", "rp", "optgroup", "option", "colgroup", "caption", "thead",
    "tbody", "tfoot", "tr", "td", "th",
})  # fmt: skip
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
})  # fmt: skip
_SCRIPT_TYPES = frozenset({"", "module", "text/javascript", "application/javascript"})
_JSON_TYPES = frozenset({"application/json", "application/ld+json", "importmap", "speculationrules"})
_STYLE_PARTS = re.compile(
    r"/\*(?:[^*]|\*(?!/))*+(?:\*/)?|\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?|[{}]", re.DOTALL
)
#: A larger file is data or a library, which no reply wrote.
_LONGEST = 2_000_000


def early_end(path: str, text: str) -> str:
    """Return a clause that says in what a file ends, such as "it ends in an open <script>"; "" if nothing shows it."""
    name = path.lower()
    if len(text) > _LONGEST or not text.strip():
        return ""
    if name.endswith(_PAGE):
        return _in_page(text)
    found = ""
    if name.endswith(SCRIPT_SUFFIXES):
        found = open_at_end(text)
    elif name.endswith(_STYLE):
        found = _open_style(text)
    elif name.endswith(_JSON):
        found = _open_json(text)
    elif name.endswith(_XML):
        return "it ends before the end of its root element" if "<" in text and ends_too_early(text.encode()) else ""
    return f"it ends in an open {found}" if found else ""


def is_surely_whole(path: str, text: str) -> bool:
    """Say whether the form of a file proves that nothing can follow: a page with its end tag, JSON, XML."""
    name, written = path.lower(), text.rstrip()
    if name.endswith(_PAGE):
        return written.lower().endswith("</html>") and not early_end(path, written)
    if name.endswith(_JSON):
        return written[-1:] in {"}", "]"} and not _open_json(written)
    return name.endswith(_XML) and written.endswith(">") and not early_end(path, written)


def _in_page(text: str) -> str:
    page = turbohtml.parse(text, source_locations=True)
    if cut := next((_CUT_TAGS[error.code] for error in page.errors if error.code in _CUT_TAGS), ""):
        return f"it ends in {cut}"
    if not _is_closed(page):
        for element in _last_elements(page):
            if element.tag not in _MAY_STAY_OPEN | _VOID and _is_open(element, text):
                return f"it ends in an open <{element.tag}>"
        if any(_is_open(element, text) for element in page.select("html, body")):
            return "it has no </html>"
    return next(_in_parts(page), "")


def _is_closed(page: Document) -> bool:
    """Say whether the end tag of the page or of its body is there."""
    places = [element.source_location for element in page.select("html, body")]
    return any(place.end_tag is not None for place in places if place is not None)


def _is_open(element: Element, text: str) -> bool:
    """Say whether an element has a start tag that does not close it, and no end tag."""
    place = element.source_location
    return place is not None and place.end_tag is None and not text.endswith("/>", 0, place.start_tag.end_offset)


def _last_elements(page: Document) -> Iterator[Element]:
    """Yield the last element, and in it the last one, and so on: what is open at the end is among them."""
    inside: Document | Element = page
    while last := next((one for one in reversed(list(inside.children)) if isinstance(one, turbohtml.Element)), None):
        yield last
        inside = last


def _in_parts(page: Document) -> Iterator[str]:
    """Yield a clause for each inline script and style sheet that ends too early although its element is closed."""
    for element in page.select("script:not([src]), style"):
        found, kind = "", (attribute(element, "type") or "").strip().lower()
        if element.tag == "style":
            found = _open_style(element.text)
        elif kind in _SCRIPT_TYPES:
            found = open_at_end(element.text)
        elif kind in _JSON_TYPES and element.text.strip():
            found = _open_json(element.text)
        if found:
            yield f"its <{element.tag}> in line {element.source_line or 1} ends in an open {found}"


def _open_style(text: str) -> str:
    """Return the sign that is open where a style sheet ends; "" if none is, or if more is closed than was opened."""
    depth = 0
    for found in _STYLE_PARTS.finditer(text):
        sign = found[0]
        if sign.startswith("/*") and (len(sign) < len("/**/") or not sign.endswith("*/")):
            return "/*"
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return ""
    return "{" if depth else ""


def _open_json(text: str) -> str:
    """Return the sign that is open where a text ends that is no JSON; "" if it is JSON, or fails before its end."""
    try:
        json.loads(text.lstrip("\ufeff"))
    except ValueError:
        return open_at_end(text)
    except RecursionError:
        return ""
    return ""
