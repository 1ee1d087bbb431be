"""How many words, lines, sentences, paragraphs and characters a text has.

A word is what stands between white space and holds a letter or a digit: `well-known` and `it's` are one, a dash that stands alone is none.
Where counting otherwise is as common (`wc -w` counts the dash; blank lines count or do not) a number holds only if it holds either way.
"""

from __future__ import annotations

import re

_LETTER = re.compile(r"[^\W_]")
_ENDS = re.compile(r"[.!?…]+[\"'”\u2019)\]]*(?=\s|$)")
_CERTAIN_ENDS = re.compile(r"[.!?…]+[\"'”\u2019)\]]*(?=\s+[\"'“\u2018(]?[A-Z0-9]|\s*$)")


def readings(unit: str, text: str) -> tuple[int, ...]:
    """Return how many of a unit a text has, first as we count, then as others do where that differs."""
    match unit:
        case "word":
            tokens = text.split()
            found = (sum(map(bool, map(_LETTER.search, tokens))), len(tokens))
        case "line":
            lines = text.strip("\n").split("\n") if text.strip() else []
            found = (sum(bool(line.strip()) for line in lines), len(lines))
        case "sentence":
            found = (_sentences(text, _CERTAIN_ENDS), _sentences(text, _ENDS))
        case "paragraph":
            blocks = [block for block in re.split(r"\n[ \t]*\n", text) if block.strip()]
            found = (sum(not block.lstrip().startswith("#") for block in blocks), len(blocks))
        case _:
            found = (len(text.strip()), len(text))
    return tuple(dict.fromkeys(found))


def _sentences(text: str, end: re.Pattern[str]) -> int:
    stripped = text.strip()
    if not stripped:
        return 0
    found = list(end.finditer(stripped))
    return len(found) + (not found or found[-1].end() < len(stripped))
