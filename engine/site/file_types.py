"""The types of files that a published static page may have."""

from __future__ import annotations

import posixpath

from engine.site.lookup import MEDIA_TYPES

#: Text files that briefs request beside the page: data, notes, sources.
_TEXTS = frozenset(
    {
        ".tsv", ".toml", ".yml", ".yaml", ".ini", ".cfg", ".log", ".map", ".py", ".ts", ".tsx", ".jsx", ".java", ".c",
        ".h", ".cpp", ".go", ".rs", ".rb", ".php", ".sql", ".tex", ".rst", ".ics", ".vtt", ".srt", ".geojson", ".jsonl",
        ".ipynb", ".scss", ".less",
    }
)  # fmt: skip
#: Files with a meaning for Pages. A custom domain would move the page away from its address.
#: https://docs.github.com/pages/configuring-a-custom-domain-for-your-github-pages-site
_PAGES_SETTINGS = frozenset({"cname"})


def is_publishable(path: str) -> bool:
    """Say whether a file outside the plan may enter the tree: its type is a page's or plain text."""
    if path.lower() in _PAGES_SETTINGS:
        return False
    suffix = posixpath.splitext(path)[1].lower()
    return suffix in MEDIA_TYPES or suffix in _TEXTS
