"""Describes the lists in a JSON value: their fields, and their first and last entries."""

from __future__ import annotations

import json
import math
import re
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from engine.formats.columns import MOST_CELLS, number_phrase, quoted, text_phrase
from engine.formats.quantities import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LISTS = 4
_LIST_DEPTH = 5
_MOST_LOOKED_AT = 2_000
_LEAST_VALUES = 20  # of a list of plain values, and of an object that is described as a list
_FIELDS = 30
_FIELDS_CHARACTERS = 2_000  # of one list
_ALL_FIELDS_CHARACTERS = 3_600
_FIELD_DEPTH = 3
_ROWS = (60, 20)  # the most entries to show from the beginning and from the end
_ROW_CHARACTERS = 400
_KEY = 60

_NAME = re.compile(r"[A-Za-z_$][\w$]{0,59}", re.ASCII)
_PLACE = re.compile(r"\[\d+\]", re.ASCII)  # the name of a list's value, see `_as_object`


@dataclass(slots=True)
class Entries:
    """The first and the last entries of a list, each as JSON in one line. `of` names the list and its size.

    `beside` is a line on the values outside of the list, "" if there are none.
    """

    of: str
    count: int
    first: Sequence[str]
    last: Sequence[str]
    beside: str


@dataclass(frozen=True, slots=True)
class JsonList:
    """A list of objects, of lists or of many plain values; or an object of many values, by its `keys`."""

    path: str
    entries: Sequence[object]
    keys: Sequence[str] = ()


def find_lists(value: object) -> list[JsonList]:
    """Find the first lists, each by its path, from the outside in. Lists inside of entries are taken together."""
    found: list[JsonList] = []
    queue: deque[tuple[str, object, int]] = deque([("", value, 0)])
    for _ in range(_MOST_LOOKED_AT):
        if not queue or len(found) == _LISTS:
            break
        path, item, depth = queue.popleft()
        one = _list_at(path, item)
        if one:
            found.append(one)
            queue.extend((inner, entries, depth + 1) for inner, entries in _inner_lists(one) if depth < _LIST_DEPTH)
        elif isinstance(item, dict) and depth < _LIST_DEPTH:
            inner_items = islice(item.items(), max(_MOST_LOOKED_AT - len(queue), 0))
            queue.extend((_path(path, key), inner, depth + 1) for key, inner in inner_items)
    return found


def _list_at(path: str, item: object) -> JsonList | None:
    if isinstance(item, list) and (len(item) >= _LEAST_VALUES or any(isinstance(one, dict | list) for one in item)):
        return JsonList(path, item)
    if isinstance(item, dict) and len(item) >= _LEAST_VALUES:
        kinds = {_kind(one) for one in item.values()} - {"null"}
        fields = [one.keys() for one in islice(item.values(), _LEAST_VALUES) if isinstance(one, dict)]
        if len(kinds) == 1 and (kinds <= {"number"} or (len(fields) > 1 and set.intersection(*map(set, fields)))):
            return JsonList(path, list(item.values()), list(item))
    return None


def _inner_lists(one: JsonList) -> Iterator[tuple[str, list[object]]]:
    """Yield the lists inside of a list's objects, those of one name joined."""
    joined: dict[str, list[object]] = {}
    cells = 0
    for entry in one.entries:
        if cells > MOST_CELLS:
            break
        for name, value in _flat("", entry, _FIELD_DEPTH) if isinstance(entry, dict) else ():
            if isinstance(value, list):
                joined.setdefault(name, []).extend(value)
                cells += len(value)
    for name, entries in joined.items():
        if any(isinstance(entry, dict | list) for entry in entries):
            yield f"{one.path}[].{name}", entries


def _single_values(value: object) -> str:
    if not isinstance(value, dict) or len(value) >= _LEAST_VALUES:
        return ""
    found = [(name, one) for name, one in _flat("", value, _FIELD_DEPTH) if not isinstance(one, list | dict)]
    said = [f"{name} {json.dumps(one, ensure_ascii=False)[:_KEY]}" for name, one in found[:_LEAST_VALUES]]
    return f"Its single values: {', '.join(said)}." if said else ""


def described(found: Sequence[JsonList]) -> list[str]:
    left = _ALL_FIELDS_CHARACTERS
    lines: list[str] = []
    for one in found:
        for line in entry_lines("value" if one.keys else "entry", one.path, one.entries, one.keys):
            lines.append(line)
            left -= len(line)
        if left < 0:
            break
    return lines


def longest(value: object, found: Sequence[JsonList]) -> Entries | None:
    """Return the first and the last entries of the longest list that is not inside of another list's entries."""
    lists = [one for one in found if "[]." not in one.path]
    if not lists:
        return None
    one = max(lists, key=lambda each: len(each.entries))
    shown = [{key: value} for key, value in zip(one.keys, one.entries, strict=True)] if one.keys else one.entries
    of = f"{counted(len(shown), 'value' if one.keys else 'entry')}{f' of {one.path}' if one.path else ''}"
    first, last = _ROWS
    return Entries(of, len(shown), [*map(_row, shown[:first])], [*map(_row, shown[-last:])], _single_values(value))


def _row(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    cut = len(text) - _ROW_CHARACTERS
    return text if cut <= 0 else f"{text[:_ROW_CHARACTERS]} [{counted(cut, 'character')} of this entry left out]"


def entry_lines(what: str, path: str, entries: Sequence[object], keys: Sequence[str] = ()) -> Iterator[str]:
    """Describe the fields of a list's objects, one line each up to a limit. `what` is the word for an entry."""
    objects = [_as_object(one) for one in entries if isinstance(one, dict | list)]
    where = f" of {path}" if path else ""
    by_key = f", by its keys {quoted(keys[0])} to {quoted(keys[-1])}" if keys else ""
    if not objects:
        if len(entries) >= _LEAST_VALUES:
            yield f"The {counted(len(entries), 'value')}{where}{by_key}: {_phrase(entries[:MOST_CELLS], len(entries))}"
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
    lists = sum(isinstance(one, list) for one in entries)
    kind = "lists" if lists == len(objects) else "objects"
    among = f"the {len(objects):,} {kind} among " if len(objects) < len(entries) else ""
    over = f", as far as the first {covered:,} have them" if covered < len(objects) else ""
    each = ", each a list" if lists == len(entries) else ""
    yield f"Fields of {among}the {counted(len(entries), what)}{where}{each}{by_key}{over}:"
    yield from _field_lines(values, covered)


def _as_object(entry: object) -> object:
    """Return a list as an object, its places as the names."""
    return {f"[{at}]": value for at, value in enumerate(entry[:_FIELDS])} if isinstance(entry, list) else entry


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
    if _PLACE.fullmatch(key):
        return f"{path}{key}"
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
