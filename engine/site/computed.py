"""What a build script computes: its inputs, the files that it may make, and the marked places of the page.

`tools/build.js` defines `async function build(files)`, which returns `{files: {path: content}, fills: {name: text}}`.
A fill goes into each element of index.html whose attribute `data-computed` has its name; the mark stays.
"""

from __future__ import annotations

import html
import json
import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

import turbohtml

from engine.domain.paths import UnsafePath, clashes, safe_path
from engine.domain.repository import MAX_FILE_BYTES
from engine.formats.markup import attribute
from engine.site.repository_files import OF_THE_SERVICE, without_marker

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from turbohtml import Element

    from engine.domain.browser_report import Fill

BUILD_SCRIPT = "tools/build.js"
MARK = "data-computed"

#: The beginning of what is said of a tree without a script that its plan needs.
NO_SCRIPT = f"there is no {BUILD_SCRIPT}"

_PAGE = "index.html"
_NEVER = frozenset({_PAGE, "README.md", BUILD_SCRIPT}) | OF_THE_SERVICE
_NOT_TEXT = frozenset({"script", "style"})


def script_inputs(files: Mapping[str, bytes], computed: Collection[str]) -> dict[str, bytes]:
    """Return the files that the script gets: all but itself, what the service writes and what it has `computed` before.

    The page goes without the round's marker, so that a later round computes the same from the same page.
    """
    hidden = {BUILD_SCRIPT, *OF_THE_SERVICE, *computed}
    inputs = {path: content for path, content in files.items() if path not in hidden}
    return inputs | ({_PAGE: without_marker(inputs[_PAGE])} if _PAGE in inputs else {})


def computed_path(raw: str, attached: Collection[str], taken: Collection[str]) -> str:
    """Return the safe path of a file that the script returned. Raises UnsafePath with the reason.

    `attached` are attachments, `taken` the other files of the tree.
    """
    path = safe_path(raw)
    if path == _PAGE:
        raise UnsafePath("is the page's: only its marked places are filled, by fills")
    if path in _NEVER:
        raise UnsafePath("is not for the script to make")
    if path in attached:
        raise UnsafePath("is an attachment's, which stays as it came")
    if clashes(path, [other for other in taken if other != path]):
        raise UnsafePath("differs from another file only in case, or is a folder of it")
    return path


def filled(page: bytes, fills: Mapping[str, Fill]) -> tuple[bytes, list[str]]:
    """Return the page with its marked places filled, byte for byte the same elsewhere; and what could not be filled."""
    text = page.decode("utf-8", "surrogateescape")
    places, problems = _places(text)
    named = {place.name for place in places}
    problems += [f"no element of {_PAGE} has {MARK}={json.dumps(name)}" for name in fills if name not in named]
    problems += [f"build() returned no fill for {MARK}={json.dumps(name)}" for name in sorted(named - fills.keys())]
    for place in sorted(places, key=lambda one: one.start, reverse=True):
        fill = fills.get(place.name)
        if fill is None:
            continue
        content = place.content(fill)
        if content is None:
            needed = "JSON" if place.is_json else "a text or a number"
            problems.append(f"fills.{place.name} is not {needed}, which {MARK}={json.dumps(place.name)} takes")
        else:
            text = text[: place.start] + content + text[place.end :]
    result = text.encode("utf-8", "surrogateescape")
    if len(result) > MAX_FILE_BYTES:
        return page, [*problems, f"{_PAGE} would be larger than {MAX_FILE_BYTES:,} bytes"]
    return result, problems


def without_fills(page: str) -> str:
    """Return the page with spaces in its marked places, so that every line and offset stays."""
    for place in _places(page)[0]:
        page = page[: place.start] + re.sub(r"[^\r\n]", " ", page[place.start : place.end]) + page[place.end :]
    return page


@dataclass(frozen=True, slots=True)
class _Marked:
    """The content of a marked element, from `start` to `end` in the page's text."""

    name: str
    start: int
    end: int
    is_json: bool

    def content(self, fill: Fill) -> str | None:
        """Return the markup for a fill; None if it does not fit. In a JSON script, a text must be JSON itself."""
        if not self.is_json:
            return None if fill.text is None else html.escape(fill.text, quote=False)
        content = fill.json
        if content.startswith('"'):
            content = fill.text or ""
            try:
                json.loads(content)
            except (ValueError, RecursionError):
                return None
        return content.replace("<", "\\u003c")


def _places(text: str) -> tuple[list[_Marked], list[str]]:
    """Return the marked places of a page, and sentences on marks that cannot be filled."""
    if MARK not in text.lower():
        return [], []
    # The parser counts CR LF as one character.
    ends = [found.start() - before for before, found in enumerate(re.finditer("\r\n", text))]
    places, problems = list[_Marked](), list[str]()
    for element in turbohtml.parse(text, source_locations=True).select(f"[{MARK}]"):
        name = attribute(element, MARK) or ""
        where = element.source_location
        if problem := _problem(element, name):
            problems.append(problem)
        elif where is not None and where.end_tag is not None:
            start, end = where.start_tag.end_offset, where.end_tag.start_offset
            start, end = start + bisect_left(ends, start), end + bisect_left(ends, end)
            places.append(_Marked(name, start, end, element.tag == "script"))
    return places, problems


def _problem(element: Element, name: str) -> str:
    what = f"the <{element.tag}> with {MARK}={json.dumps(name)} in {_PAGE}"
    where = element.source_location
    if not name.strip():
        return f"{what} has no name"
    if where is None or where.end_tag is None:
        return f"{what} has no end tag"
    if element.tag in _NOT_TEXT and (attribute(element, "type") or "").strip().lower() != "application/json":
        return f"{what} is code: only a script of the type application/json is filled"
    if any(type(child) is not turbohtml.Text for child in element.children):
        return f"{what} holds other elements, which a fill would remove: mark an element for the text alone"
    return ""
