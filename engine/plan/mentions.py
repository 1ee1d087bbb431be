"""Finds the repository's files that a sentence names by path or by file name."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def named_paths(text: str, paths: Iterable[str]) -> list[str]:
    """Return the paths that a text contains, whole or by their last part; upper and lower case are the same."""
    return [path for path in paths if any(_occurs_in(text, name) for name in (path, posixpath.basename(path)))]


def _occurs_in(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", text, re.IGNORECASE) is not None
