"""Looks up the file for a path of a published site, by the rules of GitHub Pages.

It reads git's objects and not the file system, so no path can lead out of the commit.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dulwich.objects import Commit, ObjectID, Tree

from engine.site.lookup import media_type, resolve

if TYPE_CHECKING:
    from dulwich.object_store import BaseObjectStore


@dataclass(frozen=True, slots=True)
class PageFile:
    """A served file; `etag` is its blob's SHA, unquoted. `status` is 404 for the site's own error page."""

    content: bytes
    media_type: str
    etag: str
    status: int = 200


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect to `path` inside the site, which ends with a slash."""

    path: str


def look_up(store: BaseObjectStore, commit_sha: str, path: str) -> PageFile | Redirect | None:
    """Look up a decoded path without a leading slash. Returns None if neither the file nor 404.html exists."""
    commit = store[ObjectID(commit_sha.encode())]
    if not isinstance(commit, Commit):
        return None
    root = store[commit.tree]
    if not isinstance(root, Tree):
        return None
    found = resolve(path, lambda file: _blob(store, root, file) is not None)
    if found and found.endswith("/"):
        return Redirect(found)
    blob = _blob(store, root, found or "404.html")
    if blob is None:
        return None
    return PageFile(store[blob].as_raw_string(), media_type(found or "404.html"), blob.decode(), 200 if found else 404)


def _blob(store: BaseObjectStore, root: Tree, path: str) -> ObjectID | None:
    *parents, name = path.split("/")
    folder = root
    for parent in parents:
        entry = _entry(folder, parent)
        inner = store[entry[1]] if entry and stat.S_ISDIR(entry[0]) else None
        if not isinstance(inner, Tree):
            return None
        folder = inner
    entry = _entry(folder, name)
    return entry[1] if entry and stat.S_ISREG(entry[0]) else None


def _entry(folder: Tree, name: str) -> tuple[int, ObjectID] | None:
    try:
        return folder[name.encode()]
    except (KeyError, UnicodeEncodeError):
        return None
