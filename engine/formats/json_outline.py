"""Outlines JSON and JSON Lines: their shape, the fields of their lists of objects, and their syntax errors.

Text that a strict parser refuses is read by `FIXES`, which a page can apply too, or as several values in a row.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from engine.formats.columns import quoted
from engine.formats.json_lists import described, entry_lines, find_lists, longest
from engine.formats.quantities import counted
from engine.formats.text_encoding import database_safe

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    Fix(rf"{_STRINGS}|-?\b(?:NaN|nan|Infinity|inf)\b", "null", "NaN or Infinity"),
    Fix(rf"{_STRINGS}|\bNone\b", "null", "None"),
    Fix(rf"{_STRINGS}|\bundefined\b", "null", "undefined"),
    Fix(rf"{_STRINGS}|\bTrue\b", "true", "True"),
    Fix(rf"{_STRINGS}|\bFalse\b", "false", "False"),
    Fix(rf"{_STRINGS}|'([^'\"\\\n]*)'", '"$2"', "single quotation marks"),
    Fix(rf"{_STRINGS}|\b([A-Za-z_]\w*)(?=\s*:)", '"$2"', "keys without quotation marks"),
)

#: Whole numbers above 2^53 (9,007,199,254,740,992), as texts. It is applied to valid JSON too, to all of them if
#: JavaScript rounds one.
EXACT = Fix(
    rf"{_STRINGS}|(?<![\d.eE+-])-?(?:[1-9]\d{{16,}}|9(?!00[0-6])\d{{15}})(?![\d.eE])",
    '"$0"',
    "whole numbers above 2^53",
)
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
#: Escapes of characters that prompts and databases refuse: NUL and half a surrogate pair.
_UNSAFE = re.compile(r"\\u(?:0000|d[89a-f])", re.IGNORECASE)
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
    "lines" or "values") a list. It is read after `fixes`, which are applied to the whole text.
    """

    shape: str
    fields: list[str] = field(default_factory=list)
    fault: str = ""
    entries: Entries | None = None
    value: object = None
    fixes: tuple[Fix, ...] = ()
    split: str = ""


def json_outline(text: str, *, is_called_json: bool = True) -> JsonOutline:
    """Outline a text that is named JSON, or that begins as JSON under another name."""
    try:
        return _read(text, "")
    except json.JSONDecodeError as error:
        return _refused(text, _fault(text, error), is_called_json=is_called_json)
    except RecursionError:
        return JsonOutline("", fault="is JSON that is nested too deeply to be read")
    except ValueError:
        return JsonOutline("", fault="holds a number of too many digits to be read")


def json_lines_outline(text: str) -> JsonOutline:
    """Outline a text that is named JSON Lines."""
    if not text.strip():
        return JsonOutline("")
    fault = _lines_fault(text)
    with suppress(ValueError, RecursionError):
        if fault:
            return _read(text, "", fault="is called JSON Lines, but it is JSON as a whole")
        return _read(text, "lines", least=1)
    return _refused(text, fault, is_called_json=False)


class _Reading:
    """A JSON parser that notes what it passes over: constants that are no JSON, and keys twice in an object."""

    def __init__(self, split: str) -> None:
        self.constants = 0
        self.repeated = ""
        self._split = split
        self._decoder = json.JSONDecoder(parse_constant=self._constant, object_pairs_hook=self._members)

    def parsed(self, text: str) -> object:
        """Return the value, or a list of several values that are divided as `split` says. Raises ValueError."""
        match self._split:
            case "lines":
                return [self._decoder.decode(line) for line in text.split("\n") if line.strip()]
            case "values":
                return list(self._values(text))
            case _:
                return self._decoder.decode(text)

    def _values(self, text: str) -> Iterator[object]:
        """Yield values in a row, divided by white space, commas or record separators (RFC 7464), or by nothing."""
        at = 0
        while (at := _BETWEEN.match(text, at).end()) < len(text):  # type: ignore[union-attr]
            value, at = self._decoder.raw_decode(text, at)
            yield value

    def _constant(self, name: str) -> float:
        self.constants += 1
        return float(name)

    def _members(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs) and not self.repeated:
            counts = Counter(key for key, _ in pairs)
            self.repeated = quoted(database_safe(next(key for key, count in counts.items() if count > 1)))
        return found


def _read(
    text: str,
    split: str,
    *,
    name: str = "JSON Lines",
    fixes: tuple[Fix, ...] = (),
    fault: str = "",
    least: int = 2,
) -> JsonOutline:
    """Outline a text that came out of `fixes`. Raises ValueError if it does not parse or holds too few values.

    Faults are added for all that JSON.parse refuses or loses, and fixes with which it loses nothing.
    """
    reading = _Reading(split)
    value = reading.parsed(text)
    shown = database_safe(value) if _UNSAFE.search(text) else value
    outline = _several(shown, split, name, least) if split and isinstance(shown, list) else _outlined(shown)
    faults = [fault]
    if reading.constants:
        faults.append(_constants_fault(text, reading.constants, split))
        text, further = _fixed(text)
        fixes += further
    if reading.repeated:
        faults.append(f"has an object with two keys {reading.repeated}, of which JSON.parse keeps the last")
    if _LONG_NUMBER.search(text) and len(text) <= _LARGEST_FIXED and _is_rounded(text):
        faults.append(f"holds {EXACT.what}, which JavaScript's numbers may round")
        text = EXACT.apply(text)
        fixes += (EXACT,)
    outline.fault = "; it ".join(filter(None, faults))
    outline.value = _Reading(split).parsed(text) if fixes else value
    outline.fixes, outline.split = fixes, split
    return outline


def _is_rounded(text: str) -> bool:
    """Say whether JavaScript rounds a whole number of the text. It holds some above 2^53 exactly, such as 10^20."""
    for found in re.finditer(EXACT.pattern, text):
        if found[1] is None:
            number = float(found[0])
            if math.isinf(number) or int(number) != int(found[0]):
                return True
    return False


def _outlined(value: object) -> JsonOutline:
    found = find_lists(value)
    shape = f"JSON: {_cut(_shape(value, _SHAPE_DEPTH))}"
    return JsonOutline(shape, described(found), entries=longest(value, found))


def _several(values: list[object], split: str, name: str, least: int) -> JsonOutline:
    """Outline several values. Raises ValueError for fewer than `least`, and if they look like something else.

    Values in a row are objects or lists. Among lines that nothing calls JSON Lines is at least one.
    """
    holds = [isinstance(value, dict | list) for value in values]
    is_other = not all(holds) if split == "values" else least > 1 and not any(holds)
    if len(values) < least or is_other:
        raise ValueError("too few values")
    first = _cut(_shape(values[0], _SHAPE_DEPTH))
    throws = "so JSON.parse of the whole file throws. The first: "
    if split == "values":
        shape = f"JSON: {counted(len(values), 'value')} one after the other, {throws}{first}"
    elif len(values) == 1:
        shape = f"{name}: 1 line: {first}"
    else:
        shape = f"{name}: {counted(len(values), 'line')}, each a JSON value of its own, {throws}{first}"
    return JsonOutline(shape, list(entry_lines(split.removesuffix("s"), "", values)))


def _refused(text: str, fault: str, *, is_called_json: bool) -> JsonOutline:
    """Outline a text that a strict parser refuses: as several values, or after fixes."""
    name = "It is called JSON, but it is JSON Lines" if is_called_json else "JSON Lines"
    lines_fault = "is called JSON, but it is JSON Lines" if is_called_json else ""
    with suppress(ValueError, RecursionError):
        return _read(text, "lines", name=name, fault=lines_fault)
    with suppress(ValueError, RecursionError):
        return _read(text, "values", fault=fault)
    fixed, fixes = _fixed(text)
    also = f"{fault}; it also holds {' and '.join(fix.what for fix in fixes)}"
    for split in ("", "lines", "values") if fixes else ():
        with suppress(ValueError, RecursionError):
            return _read(fixed, split, name=name, fixes=fixes, fault=also)
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


def _constants_fault(text: str, count: int, split: str) -> str:
    at = next((found.start(1) for found in _CONSTANTS.finditer(text) if found[1]), 0)
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    throws = (
        f"JSON.parse of such a {split.removesuffix('s')} throws" if split else "JSON.parse and response.json() throw"
    )
    return (
        f"holds NaN or Infinity {counted(count, 'time')}, first in line {line}, column {column}. JSON has no "
        f"such value, so {throws}; all else parses"
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
