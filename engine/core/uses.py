"""How a page is to be used before a check about the outcome can hold, as far as the words of check and brief say."""

from __future__ import annotations

import re

_FORM = re.compile(
    r"\b(submit\w*|form|enter\w*|types?|typed|fill\w*|search\w*|look\w* ?up|username|input)\b", re.IGNORECASE
)
_PRESS = re.compile(r"\b(click\w*|press\w*|tabs?|toggle\w*|buttons?)\b", re.IGNORECASE)


def asked_for(check: str, brief: str) -> str:
    """Return which use the words ask for, `form` or `press` or both joined by a blank; "" for none."""
    text = f"{check} {brief}"
    return " ".join(name for name, pattern in (("form", _FORM), ("press", _PRESS)) if pattern.search(text))
