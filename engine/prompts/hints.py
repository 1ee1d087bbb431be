"""Explains symptoms on a page (`NaN`, `undefined`) by their likely cause, because small models do not infer it."""

from __future__ import annotations

import re

#: Patterns of text on a page or in its console, with the likely cause. Each occurred in pages by real models.
_HINTS = (
    (
        r"(?<![\w.])NaN(?![\w.])",
        (
            "NaN: what was read as a number is none: an empty last line (split gives one where a file ends with a "
            "line end), or signs and separators."
        ),
    ),
    (
        r">\s*undefined\b|\bundefined\s*<",
        (
            "undefined is shown: a field was read that the row or object does not have, such as one of an empty "
            "last line or of another name."
        ),
    ),
    (
        r"\[object Promise\]",
        "[object Promise] is shown: an await is missing.",
    ),
    (
        r"\[object Object\]",
        "[object Object] is shown: an object was put in as text; name the field of it that is wanted.",
    ),
    (
        r"Cannot (?:read|set) properties of null",
        (
            "null: an element was looked up that the page does not have, or not yet. Compare the ids, and run the "
            "script on DOMContentLoaded."
        ),
    ),
    (
        r"SyntaxError|Unexpected (?:end of input|token|identifier|string)|missing \) after",
        "A script that does not parse does not run at all: mend that first.",
    ),
    (
        r"has already been declared",
        "A name is declared twice, so that script does not run at all: mend that first.",
    ),
    (
        r"is not a function|is not defined",
        (
            "Something is called that is not there: it is misspelt, declared in another scope, or its library was "
            "not loaded."
        ),
    ),
)
_PATTERNS = tuple((re.compile(pattern), sentence) for pattern, sentence in _HINTS)


def hints(*texts: str) -> tuple[str, ...]:
    """Return sentences on the likely cause of the texts: HTML of elements, lines of the console."""
    text = "\n".join(texts)
    return tuple(sentence for pattern, sentence in _PATTERNS if pattern.search(text))
