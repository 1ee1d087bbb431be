"""Which elements an expression looks up in the document."""

from __future__ import annotations

import re

_LOOKED_UP = (
    re.compile(r"""getElementById\(\s{0,4}["'`]([\w-]{1,80})["'`]"""),
    re.compile(r"""querySelector(?:All)?\(\s{0,4}(?:"([^"\n]{1,120})"|'([^'\n]{1,120})'|`([^`$\n]{1,120})`)"""),
)
MOST_SELECTORS = 8


def selectors_of(expression: str) -> list[str]:
    """Return the selectors that an expression looks up in the document, the first MOST_SELECTORS of them."""
    ids = [f"#{found[1]}" for found in _LOOKED_UP[0].finditer(expression)]
    named = [next(group for group in found.groups() if group) for found in _LOOKED_UP[1].finditer(expression)]
    return list(dict.fromkeys([*ids, *named]))[:MOST_SELECTORS]
