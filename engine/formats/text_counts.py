"""Counts the words, lines, sentences, paragraphs and characters of a text.

A word stands between white space and holds a letter or a digit: `well-known` and `it's` are one word, a lone dash is
none. Some units have a second common count: `wc -w` counts the dash, and blank lines may count. Then a limit holds if
either count satisfies it.
"""

from __future__ import annotations

import re

_LETTER = re.compile(r"[^\W_]")
_ENDS = re.compile(r"[.!?…]+[\"'”\u2019)\]]*(?=\s|$)")
_CERTAIN_ENDS = re.compile(r"[.!?…]+[\"'”\u2019)\]]*(?=\s+[\"'“\u2018(]?[A-Z0-9]|\s*$)")


def readings(unit: str, text: str) -> tuple[int, ...]:
    """Return our count of a unit, followed by the other common count if it differs."""
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
