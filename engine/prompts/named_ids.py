"""Lists the ids that check expressions look up. Small models forget some, so a prompt ends with this list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.domain.checks import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.domain.checks import Check

#: At most this many ids are listed: a request with more is about something else.
MOST = 40

_NAME = r"([A-Za-z][\w-]{0,59})(?![\w-]|\$\{)"
#: A missing closing quote is accepted, so that each character is read only once.
_STRING = re.compile(r"\"((?:[^\"\\\n]|\\.)*+)\"?|'((?:[^'\\\n]|\\.)*+)'?|`((?:[^`\\]|\\.)*+)`?")
_LONGEST_LOOKUP = 40
_LOOKUP = re.compile(r"(?:getElementById|querySelector(?:All)?|closest|matches)\(\s*$")
_IN_SELECTOR = re.compile(rf"(?:^|(?<=[\s>+~,(\w\]]))#{_NAME}")
_COLOUR = re.compile(r"(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE)
#: Patterns that require an element's absence. Such an id must not be written.
_UNWANTED = re.compile(
    r"(?<!!)!\s*document\.(?:querySelector|getElementById)\(\s*([\"'`])#?([\w-]+)\1\s*\)(?!\s*\??\.)"
)
_IS_NULL = re.compile(r"document\.(?:querySelector|getElementById)\(\s*([\"'`])#?([\w-]+)\1\s*\)\s*={2,3}\s*null")
_ARE_NONE = re.compile(
    r"document\.querySelectorAll\(\s*([\"'`])#([\w-]+)\1\s*\)\.length\s*(?:={2,3}\s*0|<\s*1)(?![.\d])"
)


def named_ids(checks: Sequence[Check]) -> tuple[str, ...]:
    """Return the ids that check expressions look up, in order.

    `#fade` may be a colour; it counts only as the argument of a look-up.
    """
    expressions = [check.text for check in checks if check.kind in {Kind.JS, Kind.EARLIER}]
    names = dict.fromkeys(name for expression in expressions for name in _looked_up(expression))
    unwanted = {
        found[2]
        for one in expressions
        for pattern in (_UNWANTED, _IS_NULL, _ARE_NONE)
        for found in pattern.finditer(one)
    }
    return tuple(name for name in names if name not in unwanted)[:MOST]


def missing_ids(names: Sequence[str], page: str, failing: Sequence[Check] = ()) -> tuple[str, ...]:
    """Return the ids that a page's source lacks: those that it does not mention, because a script may make the element.

    An id that a `failing` check names is returned also if the source mentions it but no element has it.
    """
    wanted = named_ids(failing)
    return tuple(name for name in names if not has_id(page, name) and (name in wanted or not _names(page, name)))


def has_id(page: str, name: str) -> bool:
    return bool(re.search(rf"""\sid\s*=\s*["']?{re.escape(name)}(?=["'\s/>])""", page))


def _names(page: str, name: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", page))


def _looked_up(expression: str) -> Iterator[str]:
    """Yield the ids in an expression's selectors; from other strings only names that cannot be a colour."""
    for string in _STRING.finditer(expression):
        inner = string[1] or string[2] or string[3] or ""
        lookup = _LOOKUP.search(expression[max(string.start() - _LONGEST_LOOKUP, 0) : string.start()])
        if lookup and lookup[0].startswith("getElementById"):
            yield from re.findall(rf"^{_NAME}$", inner)
            continue
        for found in _IN_SELECTOR.finditer(inner):
            if lookup or not _COLOUR.fullmatch(found[1]):
                yield found[1]
