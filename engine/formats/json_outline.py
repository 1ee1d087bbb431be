"""Outlines JSON and JSON Lines: their shape, the fields of their lists of objects, and their syntax errors."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from engine.formats.columns import quoted
from engine.formats.json_lists import described, entry_lines, find_lists, longest
from engine.formats.quantities import counted

if TYPE_CHECKING:
    from engine.formats.json_lists import Entries

_SHAPE_DEPTH = 4
_SHAPE_KEYS = 25
_SHAPE_CHARACTERS = 600
_KEY = 60

#: Strings, which are skipped, and the number constants of JavaScript and Python that JSON lacks.
_CONSTANTS = re.compile(r'"(?:[^"\\]|\\.)*"|(-?\b(?:NaN|Infinity)\b)')

#: Descriptions of text that JSON does not allow, by its beginning.
_INSTEAD = (
    (re.compile(r"'"), "a single quotation mark in place of a double one"),
    (re.compile(r"//|/\*|#"), "a comment, which JSON has not"),
    (re.compile(r"(?:None|True|False|undefined|nan|inf)\b"), "a word that is no value of JSON"),
    (re.compile(r"<"), "markup"),
    (re.compile(r"[\w$.]+\s*\("), "a function call (JSONP)"),
    (re.compile(r"(?:var|let|const|export|window|module)\b"), "a script that holds the data"),
    (re.compile(r"[A-Za-z_$][\w$]*\s*:"), "a key without quotation marks"),
)
_MESSAGES = {
    "Unterminated string starting at": "a string that is not closed, so the file may be cut off",
    "Extra data": "a second value after the first",
    "Invalid control character at": "a line break or control character inside of a string",
    "Invalid \\escape": "a backslash that begins nothing known",
    "Expecting ',' delimiter": "no comma or closing bracket",
    "Expecting ':' delimiter": "no colon after a key",
}


@dataclass(slots=True)
class JsonOutline:
    """The outline of a JSON text. `shape` is one line; `fields` are lines on its lists.

    `entries` are those of its longest list, None if there is none. `fault` is a clause on the reason why a strict
    parser refuses the text; "" if it parses.
    """

    shape: str
    fields: list[str] = field(default_factory=list)
    fault: str = ""
    entries: Entries | None = None


def json_outline(text: str) -> JsonOutline:
    """Outline a text that is named JSON."""
    constants: list[str] = []

    def constant(name: str) -> float:
        constants.append(name)
        return float(name)

    try:
        value = json.loads(text, parse_constant=constant)
    except json.JSONDecodeError as error:
        return _lines(text, "It is called JSON, but it is JSON Lines") or JsonOutline("", fault=_fault(text, error))
    except RecursionError:
        return JsonOutline("", fault="is JSON that is nested too deeply to be read")
    except ValueError:
        return JsonOutline("", fault="holds a number of too many digits to be read")
    found = find_lists(value)
    outline = JsonOutline(f"JSON: {_cut(_shape(value, _SHAPE_DEPTH))}", described(found), entries=longest(value, found))
    if constants:
        outline.fault = _constants_fault(text, len(constants))
    return outline


def json_lines_outline(text: str) -> JsonOutline:
    """Outline a text that is named JSON Lines."""
    return _lines(text, "JSON Lines") or JsonOutline("", fault=_lines_fault(text))


def _lines(text: str, name: str) -> JsonOutline | None:
    """Outline JSON Lines; None if a line does not parse or there is only one line."""
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        values = [json.loads(line) for line in lines]
    except (ValueError, RecursionError):
        return None
    if len(values) < 2 or not any(isinstance(value, dict | list) for value in values):
        return None
    shape = (
        f"{name}: {counted(len(values), 'line')}, each a JSON value of its own, so JSON.parse of the whole file "
        "throws. The first: "
    )
    return JsonOutline(f"{shape}{_cut(_shape(values[0], _SHAPE_DEPTH))}", list(entry_lines("line", "", values)))


def _lines_fault(text: str) -> str:
    for number, line in enumerate(text.split("\n"), 1):
        try:
            if line.strip():
                json.loads(line)
        except json.JSONDecodeError as error:
            return (
                f"is called JSON Lines, but line {number} does not parse: column {error.colno} has "
                f"{_instead(line, error)}"
            )
        except (ValueError, RecursionError):
            return f"is called JSON Lines, but line {number} does not parse"
    return ""


def _constants_fault(text: str, count: int) -> str:
    at = next((found.start(1) for found in _CONSTANTS.finditer(text) if found[1]), 0)
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return (
        f"holds NaN or Infinity {counted(count, 'time')}, first in line {line}, column {column}. JSON has no "
        "such value, so JSON.parse "
        "and response.json() throw; all else parses"
    )


def _fault(text: str, error: json.JSONDecodeError) -> str:
    if not text.strip():
        return "is called JSON, but it is empty"
    return f"does not parse as JSON: line {error.lineno}, column {error.colno} has {_instead(text, error)}"


def _instead(text: str, error: json.JSONDecodeError) -> str:
    """Describe the text at the position where the JSON parser stopped."""
    rest = text[error.pos : error.pos + 200]
    before = text[max(error.pos - 200, 0) : error.pos].rstrip()[-1:]
    if not rest.strip():
        return "the end of the file, so it may be cut off"
    if (before == "," and rest[0] in "]}") or re.match(r",\s*[\]}]", rest):
        return "a comma before the closing bracket"
    expecting = error.msg in {"Expecting value", "Expecting property name enclosed in double quotes"}
    found = next((what for form, what in _INSTEAD if form.match(rest)), "") if expecting else ""
    return f"{found or _MESSAGES.get(error.msg, 'something else than JSON')} ({quoted(rest.partition(chr(10))[0])})"


def _cut(shape: str) -> str:
    return shape if len(shape) <= _SHAPE_CHARACTERS else f"{shape[:_SHAPE_CHARACTERS]} … [cut here]"


def _shape(value: object, depth: int) -> str:
    match value:
        case dict() if depth and value:
            shown = [
                f"{str(key)[:_KEY]}: {_shape(item, depth - 1)}" for key, item in islice(value.items(), _SHAPE_KEYS)
            ]
            more = f", … {len(value) - _SHAPE_KEYS:,} more" if len(value) > _SHAPE_KEYS else ""
            return f"{{{', '.join(shown)}{more}}}"
        case list() if depth and value:
            return f"[{len(value):,} of {_shape(value[0], depth - 1)}]"
        case dict() | list():
            return f"{'object' if isinstance(value, dict) else 'array'} of {len(value):,}"
        case None | bool():
            return "null" if value is None else "true/false"
        case str():
            return "text"
        case _:
            return "number"
