"""Maps a path of a published site to a file and a media type, as GitHub Pages does."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT = "; charset=utf-8"
DEFAULT_MEDIA_TYPE = "application/octet-stream"
MEDIA_TYPES = {
    ".avif": "image/avif",
    ".css": "text/css" + _TEXT,
    ".csv": "text/csv" + _TEXT,
    ".gif": "image/gif",
    ".htm": "text/html" + _TEXT,
    ".html": "text/html" + _TEXT,
    ".ico": "image/vnd.microsoft.icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript" + _TEXT,
    ".json": "application/json" + _TEXT,
    ".md": "text/markdown" + _TEXT,
    ".mjs": "text/javascript" + _TEXT,
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".otf": "font/otf",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain" + _TEXT,
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml" + _TEXT,
}


def media_type(path: str) -> str:
    """Return the Content-Type of a file, by its suffix."""
    return MEDIA_TYPES.get(posixpath.splitext(path)[1].lower(), DEFAULT_MEDIA_TYPE)


def resolve(path: str, has: Callable[[str], bool]) -> str | None:
    """Return the file for a decoded path without its first slash; or the path plus a slash, for a redirect.

    `has` says whether the site has a file. None: the path leads to no file.
    """
    if path == "" or path.endswith("/"):
        return f"{path}index.html" if has(f"{path}index.html") else None
    for file in (path, f"{path}.html"):
        if has(file):
            return file
    return f"{path}/" if has(f"{path}/index.html") else None
