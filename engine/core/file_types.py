"""Which types of files a published static page may have."""

from __future__ import annotations

import posixpath
import re

from engine.core.pages import MEDIA_TYPES

#: Text that briefs ask for beside the page: data, notes, sources that are shown or downloaded.
_TEXTS = frozenset(
    {
        ".tsv", ".toml", ".yml", ".yaml", ".ini", ".cfg", ".log", ".map", ".py", ".ts", ".tsx", ".jsx", ".java", ".c", ".h", ".cpp",
        ".go", ".rs", ".rb", ".php", ".sql", ".tex", ".rst", ".ics", ".vtt", ".srt", ".geojson", ".jsonl", ".ipynb", ".scss", ".less",
    }
)  # fmt: skip
#: What Pages itself obeys: a custom domain would take the page away from its address.
#: https://docs.github.com/pages/configuring-a-custom-domain-for-your-github-pages-site
_OBEYED = frozenset({"cname"})


def is_publishable(path: str, brief: str) -> bool:
    """Say whether a model's file may enter the tree: its type is a page's or plain text, or the brief names that very file."""
    name = posixpath.basename(path).lower()
    if path.lower() in _OBEYED:
        return False
    suffix = posixpath.splitext(name)[1]
    return suffix in MEDIA_TYPES or suffix in _TEXTS or _names(brief, name)


def _names(brief: str, name: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", brief.lower()) is not None
