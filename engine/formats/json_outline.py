"""Outlines JSON and JSON Lines: their shape, the fields of their lists of objects, and their syntax errors.

Text that a strict parser refuses is read by `FIXES`, which a page can apply too, or as several values in a row.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from engine.formats.columns import quoted
from engine.formats.json_lists import described, entry_lines, find_lists, longest
from engine.formats.quantities import counted

if TYPE_CHECKING:
    from engine.formats.json_lists import Entries

_STRINGS = r"""("[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$))"""  # an unclosed one reaches to the end, so that it is searched once
#: The largest text to which fixes are applied, in characters; they take a second for it.
_LARGEST_FIXED = 2_000_000


@dataclass(frozen=True, slots=True)
class Fix:
    """A replacement that makes JSON of what writers take for it.

    `pattern` is for Python and for JavaScript. Its first group matches strings, which stay. `put` takes the place of
    the rest, where `$0` is the whole match and `$2` the second group.
    """

    pattern: str
    put: str
    what: str

    def apply(self, text: str) -> str:
        def replaced(found: re.Match[str]) -> str:
            if found[1] is not None:
                return found[1]
            filled = self.put.replace("$0", found[0])
            return filled.replace("$2", found[2]) if "$2" in filled else filled

        return re.sub(self.pattern, replaced, text)


#: In the order in which they are applied.
FIXES = (
    Fix(rf"{_STRINGS}|\/\/[^\n]*|\/\*[^*]*(?:\*(?!\/)[^*]*)*(?:\*\/|$)", "", "comments"),
    Fix(rf"{_STRINGS}|,(?=\s*[\]}}])", "", "commas before a closing bracket"),
    Fix(rf"{_STRINGS}|\b(?:None|undefined)\b|-?\b(?:NaN|nan|Infinity|inf)\b", "null", "NaN, Infinity or None"),
    Fix(rf"{_STRINGS}|\bTrue\b", "true", "True"),
    Fix(rf"{_STRINGS}|\bFalse\b", "false", "False"),
    Fix(rf"{_STRINGS}|'([^'\"\\\n]*)'", '"$2"', "single quotation marks"),
    Fix(rf"{_STRINGS}|\b([A-Za-z_]\w*)(?=\s*:)", '"$2"', "keys without quotation marks"),
)

#: Whole numbers that JavaScript may round, as texts. It is applied to valid JSON too.
EXACT = Fix(rf"{_STRINGS}|(?<![\d.eE+-])-?\d{{16,}}(?![\d.eE])", '"$0"', "whole numbers of 16 digits and more")
_LONG_NUMBER = re.compile(r"\d{16}", re.ASCII)

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
_BETWEEN = re.compile(r"[\s,\x1e]*")
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
    parser refuses the text, or loses a part of it; "" if it does neither.

    `value` is what the text holds, as far as it could be read: of several values (`split` is how they are divided:
    "lines" or "values") a list. It is read after `fixes`.
    """

    shape: str
    fields: list[str] = field(default_factory=list)
    fault: str = ""
    entries: Entries | None = None
    value: object = None
    fixes: tuple[Fix, ...] = ()
    split: str = ""


def json_outline(text: str) -> JsonOutline:
    """Outline a text that is named JSON."""
    reading = _Reading()
    try:
        value = json.loads(text, parse_constant=reading.constant, object_pairs_hook=reading.members)
    except json.JSONDecodeError as error:
        return _refused(text, error)
    except RecursionError:
        return JsonOutline("", fault="is JSON that is nested too deeply to be read")
    except ValueError:
        return JsonOutline("", fault="holds a number of too many digits to be read")
    outline = _outlined(value)
    fixed = text
    if reading.constants:
        outline.fault = _constants_fault(text, reading.constants)
        fixed, outline.fixes = _fixed(text)
    elif reading.repeated:
        outline.fault = f"has an object with two keys {quoted(reading.repeated[0])}, of which JSON.parse keeps the last"
    if _LONG_NUMBER.search(text) and len(text) <= _LARGEST_FIXED and (exact := EXACT.apply(fixed)) != fixed:
        fixed, outline.fixes = exact, (*outline.fixes, EXACT)
        outline.fault = outline.fault or f"holds {EXACT.what}, which JavaScript's numbers may round"
    outline.value = json.loads(fixed) if outline.fixes else value
    return outline


class _Reading:
    """What a JSON parser passes over in silence: constants that are no JSON, and keys that stand twice in an object."""

    def __init__(self) -> None:
        self.constants = 0
        self.repeated: list[str] = []

    def constant(self, name: str) -> float:
        self.constants += 1
        return float(name)

    def members(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs) and not self.repeated:
            self.repeated = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
        return found


def json_lines_outline(text: str) -> JsonOutline:
    """Outline a text that is named JSON Lines."""
    return _lines(text, "JSON Lines") or _values(text) or JsonOutline("", fault=_lines_fault(text))


def _outlined(value: object, fixes: tuple[Fix, ...] = ()) -> JsonOutline:
    found = find_lists(value)
    shape = f"JSON: {_cut(_shape(value, _SHAPE_DEPTH))}"
    return JsonOutline(shape, described(found), entries=longest(value, found), value=value, fixes=fixes)


def _refused(text: str, error: json.JSONDecodeError) -> JsonOutline:
    """Outline a text that a strict parser refuses: as JSON Lines, after fixes, or as several values."""
    if lines := _lines(text, "It is called JSON, but it is JSON Lines"):
        lines.fault = "is called JSON, but it is JSON Lines"
        return lines
    fault = _fault(text, error)
    fixed, fixes = _fixed(text)
    with suppress(ValueError, RecursionError):
        outline = _outlined(json.loads(fixed), fixes)
        outline.fault = f"{fault}; what it holds besides JSON are {' and '.join(fix.what for fix in fixes)}"
        return outline
    if several := _values(text):
        several.fault = fault
        return several
    return JsonOutline("", fault=fault)


def _fixed(text: str) -> tuple[str, tuple[Fix, ...]]:
    """Return the text after the fixes that change it, and these fixes. A very long text is left as it is."""
    fixes = []
    for fix in FIXES if len(text) <= _LARGEST_FIXED else ():
        changed = fix.apply(text)
        if changed != text:
            text = changed
            fixes.append(fix)
    return text, tuple(fixes)


def _lines(text: str, name: str) -> JsonOutline | None:
    """Outline JSON Lines; None if a line does not parse or there is only one line."""
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        values = [json.loads(line) for line in lines]
    except (ValueError, RecursionError):
        return None
    return _several(
        values,
        f"{name}: {counted(len(values), 'line')}, each a JSON value of its own, so JSON.parse of the whole file "
        "throws. The first: ",
        "lines",
    )


def _values(text: str) -> JsonOutline | None:
    """Outline several values in a row, divided by white space, commas or record separators (RFC 7464), or by nothing.

    None if there is one value only, or something else.
    """
    decoder, values, at = json.JSONDecoder(), list[object](), 0
    try:
        while (at := _BETWEEN.match(text, at).end()) < len(text):  # type: ignore[union-attr]
            value, at = decoder.raw_decode(text, at)
            values.append(value)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(value, dict | list) for value in values):
        return None
    return _several(
        values,
        f"JSON: {counted(len(values), 'value')} one after the other, so JSON.parse of the whole file throws. The "
        "first: ",
        "values",
    )


def _several(values: list[object], shape: str, split: str) -> JsonOutline | None:
    if len(values) < 2 or not any(isinstance(value, dict | list) for value in values):
        return None
    fields = list(entry_lines("line" if split == "lines" else "value", "", values))
    return JsonOutline(f"{shape}{_cut(_shape(values[0], _SHAPE_DEPTH))}", fields, value=values, split=split)


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
