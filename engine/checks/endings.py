"""Says where a file ends before its end, because the reply that held it was cut off or its writer stopped.

Only what the form of the file shows counts: an open script, comment or bracket, a page without `</html>`. Text that
has no such form (Markdown, CSV) shows nothing.
"""

from __future__ import annotations

import json
import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import turbohtml

from engine.formats.javascript import SCRIPT_SUFFIXES, open_at_end
from engine.formats.markup import attribute
from engine.formats.xml_text import ends_too_early, read_xml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        return written[-1:] in {"}", "]"} and _is_read(json.loads, written.lstrip("\ufeff"))
    return name.endswith(_XML) and _is_read(read_xml, written.encode("utf-8", "replace"))


def _is_read(read: Callable[[Any], object], content: str | bytes) -> bool:
    try:
        read(content)
    except (ValueError, RecursionError):
        return False
    return True


def _in_page(text: str) -> str:
    page = turbohtml.parse(text, source_locations=True)
    if cut := next((_CUT_TAGS[error.code] for error in page.errors if error.code in _CUT_TAGS), ""):
        return f"it ends in {cut}"
    closed_at = _closed_at(page)
    for element in _last_elements(page, closed_at):
        if element.tag not in _MAY_STAY_OPEN | _VOID and _is_open(element, text):
            return f"it ends in an open <{element.tag}>"
    if not closed_at and any(_is_open(element, text) for element in page.select("html, body")):
        return "it has no </html>"
    return next(_in_parts(page), "")


def _closed_at(page: Document) -> int:
    """Return where the last end tag of the page or of its body begins; 0 if neither is there."""
    places = [element.source_location for element in page.select("html, body")]
    return max((place.end_tag.start_offset for place in places if place and place.end_tag), default=0)


def _is_open(element: Element, text: str) -> bool:
    """Say whether an element has a start tag that does not close it, and no end tag."""
    place = element.source_location
    return place is not None and place.end_tag is None and not text.endswith("/>", 0, place.start_tag.end_offset)


def _last_elements(page: Document, after: int) -> Iterator[Element]:
    """Yield the last element of the source and what it stands in, the outermost first; nothing in a closed element.

    What begins before `after` is left out. What is open at the end is among them, wherever it stands.
    """
    begins = [(place.start_tag.start_offset, one) for one in page.select("*") if (place := one.source_location)]
    last = max(begins, key=itemgetter(0), default=(0, None))[1]
    inside = [last, *last.ancestors] if last else []
    for one in reversed(inside):
        place = one.source_location if isinstance(one, turbohtml.Element) else None
        if isinstance(one, turbohtml.Element) and place and place.start_tag.start_offset >= after:
            yield one
            if place.end_tag:
                return


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
