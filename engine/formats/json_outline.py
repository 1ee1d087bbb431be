"""Outlines JSON and JSON Lines: their shape, the fields of their lists of objects, and their syntax errors."""

from __future__ import annotations

import json
import math
import re
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from engine.formats.columns import MOST_CELLS, number_phrase, quoted, text_phrase
from engine.formats.quantities import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHAPE_DEPTH = 4
_SHAPE_KEYS = 25
_SHAPE_CHARACTERS = 600
_LISTS = 3
_LIST_DEPTH = 5
_MOST_LOOKED_AT = 2_000
_FIELDS = 30
_FIELDS_CHARACTERS = 2_000
_FIELD_DEPTH = 3
_KEY = 60

_NAME = re.compile(r"[A-Za-z_$][\w$]{0,59}", re.ASCII)
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
    """The outline of a JSON text. `shape` is one line; `fields` are lines on its lists of objects.

    `fault` is a clause on the reason why a strict parser refuses the text; "" if it parses.
    """

    shape: str
    fields: list[str] = field(default_factory=list)
    fault: str = ""


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
    outline = JsonOutline(f"JSON: {_cut(_shape(value, _SHAPE_DEPTH))}", list(_lists(value)))
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
    return JsonOutline(f"{shape}{_cut(_shape(values[0], _SHAPE_DEPTH))}", list(_entries("line", "", values)))


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


def _lists(value: object) -> Iterator[str]:
    """Describe the fields of the first lists of objects, each by its path."""
    found: list[tuple[str, list[object]]] = []
    queue: deque[tuple[str, object, int]] = deque([("", value, 0)])
    for _ in range(_MOST_LOOKED_AT):
        if not queue or len(found) == _LISTS:
            break
        path, item, depth = queue.popleft()
        if isinstance(item, list) and any(isinstance(one, dict) for one in item):
            found.append((path, item))
        elif isinstance(item, dict) and depth < _LIST_DEPTH:
            inner_items = islice(item.items(), max(_MOST_LOOKED_AT - len(queue), 0))
            queue.extend((_path(path, key), inner, depth + 1) for key, inner in inner_items)
    for path, entries in found:
        yield from _entries("entry", path, entries)


def _entries(what: str, path: str, entries: Sequence[object]) -> Iterator[str]:
    """Describe the fields of a list's objects, one line each up to a limit. `what` is the word for an entry."""
    objects = [one for one in entries if isinstance(one, dict)]
    if not objects:
        return
    values: dict[str, list[object]] = {}
    cells = covered = 0
    for one in objects:
        if cells > MOST_CELLS:
            break
        covered += 1
        for name, value in _flat("", one, _FIELD_DEPTH):
            values.setdefault(name, []).append(value)
            cells += 1
    among = f"the {len(objects):,} objects among " if len(objects) < len(entries) else ""
    where = f" of {path}" if path else ""
    over = f", as far as the first {covered:,} have them" if covered < len(objects) else ""
    yield f"Fields of {among}the {counted(len(entries), what)}{where}{over}:"
    yield from _field_lines(values, covered)


def _field_lines(values: dict[str, list[object]], entries: int) -> Iterator[str]:
    left = _FIELDS_CHARACTERS
    paths = list(values)
    for number, path in enumerate(paths):
        line = f"- {path}: {_phrase(values[path], entries)}"
        left -= len(line)
        if number == _FIELDS or left < 0:
            more = paths[number:]
            yield f"- and {counted(len(more), 'field')} more: {', '.join(more)[:300]}"
            return
        yield line


def _flat(path: str, value: object, depth: int) -> Iterator[tuple[str, object]]:
    """Yield an object's fields by path, including those of nested objects."""
    if isinstance(value, dict) and value and depth:
        for key, inner in islice(value.items(), _MOST_LOOKED_AT):
            yield from _flat(_path(path, key), inner, depth - 1)
    else:
        yield path, value


def _path(path: str, key: str) -> str:
    if not _NAME.fullmatch(key):
        return f"{path}[{quoted(key)}]"
    return f"{path}.{key}" if path else key


def _phrase(values: Sequence[object], entries: int) -> str:
    """Describe a field's values, by type if there are several types."""
    kinds: dict[str, list[object]] = {}
    for value in values:
        kinds.setdefault(_kind(value), []).append(value)
    phrases = [
        _of_kind(kind, found) + (f" ({counted(len(found), 'time')})" if len(kinds) > 1 else "")
        for kind, found in kinds.items()
    ]
    missing = [f"missing in {entries - len(values):,}"] if len(values) < entries else []
    return "; ".join([*phrases, *missing])


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true/false"
        case str():
            return "text" if value.strip() else "empty text"
        case int():
            return "number"
        case float():
            return "number" if math.isfinite(value) else "NaN or Infinity"
        case list():
            return "list"
        case _:
            return "object"


def _of_kind(kind: str, values: Sequence[object]) -> str:
    if kind == "text":
        return text_phrase([str(value).strip() for value in values], "text ({})")
    if kind == "number":
        return number_phrase([value for value in values if isinstance(value, int | float)])
    if kind == "list":
        sizes = [len(value) for value in values if isinstance(value, list)]
        least, most = min(sizes), max(sizes)
        return f"list of {least:,}" if least == most else f"list of {least:,} to {most:,} values"
    if kind == "true/false":
        only = {str(value).lower() for value in values}
        return f"true/false, always {only.pop()}" if len(only) == 1 else kind
    return kind
