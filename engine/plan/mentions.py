"""Which of a repository's files a sentence names, by their paths or file names alone."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def named_paths(text: str, paths: Iterable[str]) -> list[str]:
    """Return the paths that stand in a text as they are, or whose last part does, in any case."""
    return [path for path in paths if any(_stands_in(text, name) for name in (path, posixpath.basename(path)))]


def _stands_in(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", text, re.IGNORECASE) is not None
