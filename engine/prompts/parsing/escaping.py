"""Undoes the escaping of a reply whose files are written as HTML text, with `&lt;` for `<`."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARKUP = (".html", ".htm", ".svg", ".xml")
_TAG = re.compile(r"<[a-z!/?]", re.IGNORECASE)
_ESCAPED_TAG = re.compile(r"\s*&lt;(?:!doctype|html|svg|\?xml)\b", re.IGNORECASE)


def unescaped(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files, as they were meant if one of them is a page without any tag that begins with an escaped one.

    A reply is escaped as a whole, so its scripts and styles are too.
    """
    if not any(_is_escaped(path, content) for path, content in files.items()):
        return dict(files)
    return {
        path: content if _TAG.search(content.decode()) else html.unescape(content.decode()).encode()
        for path, content in files.items()
    }


def _is_escaped(path: str, content: bytes) -> bool:
    text = content.decode()
    return path.lower().endswith(_MARKUP) and bool(_ESCAPED_TAG.match(text)) and not _TAG.search(text)
