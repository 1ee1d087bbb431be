"""The names of a repository, and the content that the service writes into it."""

from __future__ import annotations

import hashlib
import html
import json
import re
import unicodedata

#: Files that only the service writes, in spite of any request, plan or model.
OF_THE_SERVICE = frozenset({"LICENSE", ".nojekyll"})

#: The name of the `<meta>` in index.html's head whose content says which round is served.
MARKER_NAME = "llm-devops-engine-round"

#: A marker, with the line end that `insert_marker` added: after it at the start of the page, otherwise before it.
#: The pattern is lenient, because a model may have copied the marker in its own style.
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
    """Return the SHA-256 of `parts` as 64 hex digits. The hash depends on where each part ends."""
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


def slug(task: str) -> str:
    """Return the first part of a repository's name: 1 to 80 ASCII letters, digits, `.`, `_` and `-`."""
    ascii_only = unicodedata.normalize("NFKD", task).encode("ascii", "ignore").decode("ascii")
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", ascii_only)
    return re.sub(r"-{2,}", "-", cleaned)[:80].strip("-._") or "task"


def round_hash(email: str, task: str, nonce: str) -> str:
    """Return the 8 hex digits at the end of a repository's name, which identify the round."""
    return digest(email, task, nonce)[:8]


def repository_name(email: str, task: str, nonce: str) -> str:
    """Return `<slug of task>-<8 hex>`, the preferred name of a task's repository."""
    return f"{slug(task)}-{round_hash(email, task, nonce)}"


def description(brief: str, hash_: str) -> str:
    """Return a repository's description: the brief in one line, then the round's hash; at most 350 characters."""
    line = " ".join("".join(" " if unicodedata.category(c)[0] == "C" else c for c in brief).split())
    room = 350 - len(hash_) - 3
    return f"{line if len(line) <= room else line[: room - 1] + '…'} [{hash_}]"


def licence(year: int, holder: str) -> bytes:
    """Return the text of the MIT licence (https://opensource.org/license/mit)."""
    return _MIT.format(year=year, holder=holder).encode()


#: Without the second it is MIT-0, and others grant less. The title is no part of it: https://opensource.org/license/mit
_MIT_CLAUSES = (
    "permission is hereby granted, free of charge, to any person",
    "without restriction",
    "copyright notice and this permission notice",
)


def is_mit(text: str) -> bool:
    """Say whether `text` holds the clauses of the MIT licence, whatever its title, line breaks and holders."""
    words = " ".join(text.split()).lower()
    return all(clause in words for clause in _MIT_CLAUSES)


def marker(round_id: str, run: int) -> str:
    return f"{round_id}/{run}"


def insert_marker(page: bytes, content: str) -> bytes:
    """Return `page` with `content` as its only marker, at the start of its head or else of the page."""
    tag = f'<meta name="{MARKER_NAME}" content="{html.escape(content)}">'
    text = without_marker(page).decode("utf-8", "surrogateescape")
    return _with_head(text, tag).encode("utf-8", "surrogateescape")


def marker_in(page: bytes) -> str:
    """Return the content of the marker that `insert_marker` put into a page; "" if there is none."""
    tag = _MARKER.search(page)
    content = re.search(rb'content="([^"]*)"', tag[0]) if tag else None
    return content[1].decode("utf-8", "replace") if content else ""


def without_marker(page: bytes) -> bytes:
    """Return `page` without its marker."""
    return _MARKER.sub(b"", page)


def is_html(page: bytes) -> bool:
    """Say whether a file holds HTML elements and not only text."""
    return _HTML.search(page) is not None


def complete_head(page: bytes) -> tuple[bytes, list[str]]:
    """Add a missing doctype, charset and viewport to `page`; return it and the names of the additions.

    A file that is not HTML stays as it is.
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
    """Insert `tags` at the start of the page's head; at the start of the page if it has no head."""
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
