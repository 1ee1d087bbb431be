"""The names of a published repository, and what the service writes into it."""

from __future__ import annotations

import hashlib
import html
import json
import re
import unicodedata

#: Files that the service writes itself, whatever a request, a plan or a model says of them.
OF_THE_SERVICE = frozenset({"LICENSE", ".nojekyll"})

#: The name of the `<meta>` in index.html's head that tells which round is served.
MARKER_NAME = "llm-devops-engine-round"

#: A marker with the line end that `insert_marker` adds: behind it in front of a page, before it anywhere else. A model may have written it in its own way.
_TAG = rf"<meta\b[^<>]{{0,400}}?\bname\s{{0,9}}=\s{{0,9}}[\"']?{MARKER_NAME}\b[^<>]{{0,400}}>"
_MARKER = re.compile(rf"\A{_TAG}\n?|\n?[ \t]{{0,80}}{_TAG}".encode(), re.IGNORECASE)

_HEAD = {
    "charset": (r"<meta[^>]{0,300}\b(?:charset|http-equiv)\s*=", '<meta charset="utf-8">'),
    "viewport": (
        r"<meta[^>]{0,300}\bname\s*=\s*[\"']?viewport",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
    ),
}

_HTML = re.compile(rb"<(?:!doctype html|html|head|body|script|main|div|h1|p)\b", re.IGNORECASE)


def digest(*parts: str) -> str:
    """Return the SHA-256 of `parts` as 64 hex digits; no two lists of parts collide by their joints."""
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


def slug(task: str) -> str:
    """Return `task` as a repository name's front: ASCII letters, digits, `.`, `_` and `-`, at most 80, never empty."""
    ascii_only = unicodedata.normalize("NFKD", task).encode("ascii", "ignore").decode("ascii")
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", ascii_only)
    return re.sub(r"-{2,}", "-", cleaned)[:80].strip("-._") or "task"


def round_hash(email: str, task: str, nonce: str) -> str:
    """Return the 8 hex digits that end a repository's name and by which it is recognised as this round's."""
    return digest(email, task, nonce)[:8]


def repository_name(email: str, task: str, nonce: str) -> str:
    """Return `<slug of task>-<8 hex>`, the name that round 1 wants for its repository."""
    return f"{slug(task)}-{round_hash(email, task, nonce)}"


def description(brief: str, hash_: str) -> str:
    """Return a repository's description: the brief in one clean line, at most 350 characters, ending in the round's hash."""
    line = " ".join("".join(" " if unicodedata.category(c)[0] == "C" else c for c in brief).split())
    room = 350 - len(hash_) - 3
    return f"{line if len(line) <= room else line[: room - 1] + '…'} [{hash_}]"


def licence(year: int, holder: str) -> bytes:
    """Return the MIT licence's text (https://opensource.org/license/mit)."""
    return _MIT.format(year=year, holder=holder).encode()


def is_mit(text: str) -> bool:
    """Say whether `text` is the MIT licence: its name and its granting clause."""
    return "MIT License" in text and "without restriction" in text


def marker(round_id: str, run: int) -> str:
    """Return the marker's content for a run of a round."""
    return f"{round_id}/{run}"


def insert_marker(page: bytes, content: str) -> bytes:
    """Return `page` with exactly one marker, `content`, at the beginning of its head; a page without a head gets it in front."""
    tag = f'<meta name="{MARKER_NAME}" content="{html.escape(content)}">'
    text = without_marker(page).decode("utf-8", "surrogateescape")
    return _with_head(text, tag).encode("utf-8", "surrogateescape")


def without_marker(page: bytes) -> bytes:
    """Return `page` as it was before `insert_marker`; without a marker, as it is."""
    return _MARKER.sub(b"", page)


def is_html(page: bytes) -> bool:
    """Say whether a file holds a page and not only words."""
    return _HTML.search(page) is not None


def complete_head(page: bytes) -> tuple[bytes, list[str]]:
    """Return `page` with what every page begins with, where it lacks it (doctype, charset, viewport), and what was added, in words.

    What is no page is not made one.
    """
    if not is_html(page):
        return page, []
    text = page.decode("utf-8", "surrogateescape")
    added = {name: tag for name, (pattern, tag) in _HEAD.items() if not re.search(pattern, text, re.IGNORECASE)}
    if added:
        text = _with_head(text, "\n".join(added.values()))
    if not re.match(r"\ufeff?\s{0,99}<(?:!--|!doctype)", text, re.IGNORECASE):
        text, added = f"<!DOCTYPE html>\n{text}", {"doctype": "", **added}
    return text.encode("utf-8", "surrogateescape"), list(added)


def _with_head(text: str, tags: str) -> str:
    """Return a page's source with `tags` at the beginning of its head; a page without a head gets them in front."""
    for opening in (r"<head(?:\s[^<>]{0,2000})?>", r"<html(?:\s[^<>]{0,2000})?>", r"<!doctype[^<>]{0,300}>"):
        if found := re.search(opening, text, re.IGNORECASE):
            return text[: found.end()] + "\n" + tags + text[found.end() :]
    return tags + "\n" + text


_MIT = """MIT License

Copyright (c) {year} {holder}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
