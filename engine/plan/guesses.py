"""What a page test names that the request does not: where such a test fails, the page may be right all the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.plan.predicates import Page

#: A string in an expression.
_LITERAL = re.compile(r""""((?:[^"\\\n]|\\.){0,400})"|'((?:[^'\\\n]|\\.){0,400})'|`((?:[^`\\]|\\.){0,400})`""")
_WORD = re.compile(r"[\w-]*\w")
#: A regular expression literal, and what in it is no text: escapes, quantifiers, flags.
_PATTERN = re.compile(
    r"(?:(?<=^)|(?<=[(,=:!&|?]))\s{0,4}/((?:[^/*\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.){0,200}\])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.){0,200}\]){0,400})/[a-z]{0,8}"
)
_NO_TEXT = re.compile(r"\\.|\{\d{1,5}(?:,\d{0,5})?\}|\[(?:[^\]\\]|\\.){0,200}\]|\(\?[:=!<]")
_UNIVERSAL = frozenset({"html", "head", "body", "title", "main", "0", "1"})

#: Tags that come with another.
_IMPLIED = {"table": ("tbody", "thead", "tr", "td", "th"), "ul": ("li",), "ol": ("li",), "select": ("option",)}


def guesses(page: Page, words: str) -> tuple[str, ...]:
    """Return what a test names that `words`, the brief and the checks, do not."""
    named = words.casefold()
    known = {*_WORD.findall(named), *_UNIVERSAL}
    given = " ".join(step.value for step in page.steps).casefold()
    known |= set(_WORD.findall(given))
    known |= {tag for parent, tags in _IMPLIED.items() if parent in known for tag in tags}
    literals = [next(g for g in m.groups() if g is not None) for m in _LITERAL.finditer(page.expression)]
    free = [text for text in literals if text.casefold() not in named and text.casefold() not in given]
    code = _LITERAL.sub(" ", page.expression)
    patterns = [_NO_TEXT.sub(" ", match[1]) for match in _PATTERN.finditer(code)]
    code = _PATTERN.sub(" ", code)
    found = [word for text in (*(s.selector for s in page.steps), *free, *patterns) for word in _WORD.findall(text)]
    found += re.findall(r"(?<![\w.])\d+(?:\.\d+)?", code)
    return tuple(dict.fromkeys(word for word in found if word.casefold() not in known))
