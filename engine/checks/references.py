"""Finds broken addresses in a page. Pages serves a site below the repository's name, so an address `/x` is broken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.formats.markup import attribute, inline_scripts, line_of
from engine.site.links import is_outside, plain_path
from engine.site.lookup import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from turbohtml import Document

_FETCH = re.compile(r"""\b(fetch|import)\(\s*(["'`])([^"'`$\n]{1,300})\2\s*[,)]""")
#: Elements that may hold an http address. A browser blocks http resources of an https page, but not links.
_LINKS = frozenset({"a", "area", "base"})


def wrong_references(page: Document, files: Mapping[str, bytes], *, base: str = "") -> Iterator[tuple[int, str]]:
    """Yield line (from 1) and problem of each broken address in a page at the site's root.

    `base` is the site's path on its host, with a slash at its end, where it is known.
    """
    for element in page.select("[src], [href]"):
        address = attribute(element, "src" if "src" in element.attrs else "href") or ""
        if problem := _problem(element.tag, address.strip(), files, base):
            yield line_of(element), problem
    for line, script in inline_scripts(page):
        for found in _FETCH.finditer(script):
            if problem := _problem(found[1], found[3].strip(), files, base):
                yield line + script.count("\n", 0, found.start()), problem


def _problem(by: str, address: str, files: Mapping[str, bytes], base: str) -> str:
    shown = repr(address[:80])
    if address.lower().startswith("http:") and by not in _LINKS:
        return f"{shown} is not https, which a published page will not load"
    if is_outside(address):
        return ""
    if base and address.startswith(base):
        address = address.removeprefix(base) or "./"
    if address.startswith("/"):
        return f"{shown} starts at the host's root and not at the site"
    path = plain_path("", address)
    if path.startswith("../"):
        return f"{shown} leads out of the site"
    return "" if resolve(path, files.__contains__) else f"{shown} is no file of the repository"
