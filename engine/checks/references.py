"""The files that a page names: Pages serves it below the repository's name, so an address from the root leads elsewhere."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from engine.formats.markup import attribute, inline_scripts, line_of
from engine.site.lookup import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from turbohtml import Document

_FETCH = re.compile(r"""\b(fetch|import)\(\s*(["'`])([^"'`$\n]{1,300})\2\s*[,)]""")
_FOREIGN = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//|#|\?|$|\{|\$)", re.IGNORECASE)
#: What a browser will not load without https into a page that came by it; a link may lead there.
_LINKS = frozenset({"a", "area", "base"})


def wrong_references(page: Document, files: Mapping[str, bytes]) -> Iterator[tuple[int, str]]:
    """Yield the line (from 1) and what is wrong, in words, of each address that a page at the site's root names in vain."""
    for element in page.select("[src], [href]"):
        address = attribute(element, "src" if "src" in element.attrs else "href") or ""
        if problem := _problem(element.tag, address.strip(), files):
            yield line_of(element), problem
    for script in inline_scripts(page):
        for found in _FETCH.finditer(script.text):
            if problem := _problem(found[1], found[3].strip(), files):
                yield script.line + script.text.count("\n", 0, found.start()), problem


def _problem(by: str, address: str, files: Mapping[str, bytes]) -> str:
    shown = repr(address[:80])
    if address.lower().startswith("http:") and by not in _LINKS:
        return f"{shown} is not https, which a published page will not load"
    if _FOREIGN.match(address):
        return ""
    if address.startswith("/"):
        return f"{shown} starts at the host's root and not at the site"
    path = posixpath.normpath(unquote(re.split(r"[?#]", address, maxsplit=1)[0]))
    path = "" if path == "." else path + ("/" if address.endswith("/") else "")
    if path.startswith("../"):
        return f"{shown} leads out of the site"
    return "" if resolve(path, files.__contains__) else f"{shown} is no file of the repository"
