"""Describes the values of a table's column or of a JSON field: type, range, order and distinct values."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: The most cells of a file that are read, from the first row on: some seconds of work.
MOST_CELLS = 1_000_000

_VALUES_LISTED = 8
_VALUES_CHARACTERS = 120
_EXAMPLES = 3
_LONG_VALUE = 100
_SHOWN = 40
_MOST_DIGITS = 40
_EXACT = 2**53  # the greatest whole number up to which JavaScript's numbers are exact

#: The least part of a column's filled cells that must be numbers or dates. The other cells are listed ("n/a").
_MOST_OF = 0.8

_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_LEADING_ZERO = re.compile(r"[+-]?0\d", re.ASCII)
_CURRENCY = r"[$€£¥₹₽₩₺₴₫₪₱฿₿]|[A-Z]{1,2}\$|USD|EUR|GBP|INR|JPY|CNY|CHF|AUD|CAD|SEK|NOK|DKK|BRL"
_GAP = "'\u2019 \u00a0\u202f"  # signs between thousands that are never a decimal sign
#: A formatted number: sign, currency, sign, digits with points, commas and gaps, currency or percent sign.
_FORMATTED = re.compile(rf"([+-]?)({_CURRENCY})?\s?([+-]?)(\d[\d.,{_GAP}]*)({_CURRENCY}|%)?")
_POINT = re.compile(rf"(?:\d+|\d{{1,3}}(?:[,{_GAP}]\d{{3}})+)(?:\.\d+)?", re.ASCII)
_COMMA = re.compile(rf"(?:\d+|\d{{1,3}}(?:[.{_GAP}]\d{{3}})+)(?:,\d+)?", re.ASCII)

_SIGNS = {",": "comma", ".": "point"}

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_DATE = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ColumnReading:
    """A column's cells of one type. `keys` give their order, None if they have none; `odd` are the other cells."""

    type: str
    cells: Sequence[str]
    keys: Sequence[Any] | None
    odd: Sequence[str] = ()


def column_phrase(cells: Iterable[str]) -> str:
    """Describe a column's cells, as in "integer, 3 to 17, ascending, all different; 2 empty"."""
    stripped = [cell.strip() for cell in cells]
    filled = [cell for cell in stripped if cell]
    if not filled:
        return "empty"
    empty = len(stripped) - len(filled)
    return text_phrase(filled) + (f"; {empty:,} empty" if empty else "")


def text_phrase(cells: Sequence[str], kind: str = "") -> str:
    """Describe texts that may be numbers or dates. `kind` is the template of such a type's name (`text ({})`)."""
    reading = read(cells)
    if reading.type == "text":
        return _joined("text", _distinct(cells))
    name = kind.format(reading.type) if kind else reading.type
    return _joined(name, _distinct(cells) if reading.keys is None else _facts(reading))


def number_phrase(numbers: Sequence[float]) -> str:
    whole = all(isinstance(one, int) for one in numbers)
    return _joined(
        "integer" if whole else "number",
        _facts(ColumnReading("integer" if whole else "number", [str(one) for one in numbers], numbers)),
    )


def read(cells: Sequence[str]) -> ColumnReading:
    """Read filled cells as the first type that fits them."""
    readers: tuple[Callable[[Sequence[str]], ColumnReading | None], ...] = (_plain, _formatted, _iso_dates, _dates)
    return next((found for reader in readers if (found := reader(cells))), ColumnReading("text", cells, cells))


def quoted(text: str) -> str:
    """Quote a value for a prompt, cut to a limit."""
    return json.dumps(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…", ensure_ascii=False)


def _joined(name: str, facts: Iterable[str]) -> str:
    return ", ".join([name, *facts])


def _facts(reading: ColumnReading) -> list[str]:
    keys = reading.keys or ()
    least, greatest = (choose(range(len(keys)), key=keys.__getitem__) for choose in (min, max))
    low, high = reading.cells[least][:_SHOWN], reading.cells[greatest][:_SHOWN]
    facts = [f"always {low}" if keys[least] == keys[greatest] else f"{low} to {high}"]
    facts += _order(keys)
    facts += _repeats(reading.cells)
    if reading.type == "integer" and max(abs(keys[least]), abs(keys[greatest])) > _EXACT:
        facts.append("beyond 2^53, where JavaScript's numbers are rounded")
    return facts + _oddities(reading.odd)


def _oddities(odd: Sequence[str]) -> list[str]:
    if not odd:
        return []
    shown = list(dict.fromkeys(odd))[:3]
    return [f"but for {len(odd):,}: {', '.join(map(quoted, shown))}"]


def _order(keys: Sequence[Any]) -> list[str]:
    if len(keys) < 3 or all(key == keys[0] for key in keys):
        return []
    if all(one <= other for one, other in pairwise(keys)):
        return ["ascending"]
    return ["descending"] if all(one >= other for one, other in pairwise(keys)) else []


def _repeats(cells: Sequence[str]) -> list[str]:
    different = len(set(cells))
    if different == 1 or len(cells) < 3:
        return []
    return ["all different"] if different == len(cells) else [f"{different:,} different"]


def _distinct(cells: Sequence[str]) -> list[str]:
    values = list(dict.fromkeys(cells))
    if len(values) == 1:
        return [f"always {quoted(values[0])}"]
    longest = max(map(len, values))
    length = [f"up to {longest:,} characters"] if longest > _LONG_VALUE else []
    if len(values) <= _VALUES_LISTED and sum(map(len, values)) <= _VALUES_CHARACTERS:
        return [f"{len(values)} different: {', '.join(map(quoted, values))}"]
    examples = f"such as {', '.join(map(quoted, values[:_EXAMPLES]))}"
    return [*_order(cells), *_repeats(cells), *length, examples]


def _plain(cells: Sequence[str]) -> ColumnReading | None:
    """Read numbers in a program's notation."""
    found = [cell for cell in cells if len(cell) <= _MOST_DIGITS and _NUMBER.fullmatch(cell)]
    if len(found) < _MOST_OF * len(cells):
        return None
    odd = [cell for cell in cells if len(cell) > _MOST_DIGITS or not _NUMBER.fullmatch(cell)]
    if any(_LEADING_ZERO.match(cell) for cell in found):
        return None if odd else ColumnReading("digits with leading zeros", cells, cells)
    if all(_INTEGER.fullmatch(cell) for cell in found):
        return ColumnReading("integer", found, [int(cell) for cell in found], odd)
    return ColumnReading("number", found, [float(cell) for cell in found], odd)


def _formatted(cells: Sequence[str]) -> ColumnReading | None:
    """Read formatted numbers if one convention for point and comma fits all of them."""
    matches = [match for cell in cells if len(cell) <= _MOST_DIGITS and (match := _FORMATTED.fullmatch(cell))]
    if len(matches) < len(cells):
        return None
    digits = [match[4].strip(_GAP) for match in matches]
    point, comma = (all(map(form.fullmatch, digits)) for form in (_POINT, _COMMA))
    if not (point or comma):
        return None
    signs = list(dict.fromkeys(sign for match in matches for sign in (match[2], match[5]) if sign))
    signs += _separators("".join(digits), point=point, comma=comma)
    values = (_value(text, "," if point else ".") for text in digits)
    keys = [-value if "-" in match[1] + match[3] else value for value, match in zip(values, matches, strict=True)]
    return ColumnReading(f"number with {' and '.join(signs[:4])}", cells, keys) if signs else None


def _separators(digits: str, *, point: bool, comma: bool) -> list[str]:
    """Describe points, commas and gaps in a column's numbers; `point` and `comma` are possible decimal signs."""
    gaps = ["a gap between thousands"] if set(_GAP) & set(digits) else []
    if point and comma and ("," in digits or "." in digits):
        sign = "point" if "." in digits else "comma"
        return [*gaps, f"a {sign} that may stand between thousands or before decimals"]
    group, decimal = (",", ".") if point else (".", ",")
    gaps += [f"a {_SIGNS[group]} between thousands"] if group in digits else []
    return [*gaps, f"a decimal {_SIGNS[decimal]}"] if decimal in digits else gaps


def _value(digits: str, group: str) -> float:
    return float(re.sub(rf"[{group}{_GAP}]", "", digits).replace(",", "."))


def _iso_dates(cells: Sequence[str]) -> ColumnReading | None:
    for name, form in (("date", _ISO_DATE), ("date and time", _ISO_TIME)):
        found = [cell for cell in cells if form.fullmatch(cell)]
        if len(found) >= _MOST_OF * len(cells):
            return ColumnReading(name, found, found, [cell for cell in cells if not form.fullmatch(cell)])
    return None


def _dates(cells: Sequence[str]) -> ColumnReading | None:
    """Read dates like 31/12/2024. The values decide whether the day or the month comes first, if they can."""
    matches = [match for cell in cells if (match := _DATE.fullmatch(cell))]
    if len(matches) < len(cells):
        return None
    firsts, seconds = ([int(match[at]) for match in matches] for at in (1, 3))
    day_first, month_first = max(seconds) <= 12, max(firsts) <= 12
    if not (day_first or month_first):
        return None
    if day_first and month_first and any(match[2] != "." for match in matches):
        return ColumnReading("date with the day or the month first, the cells do not tell which", cells, None)
    order = (4, 3, 1) if day_first else (4, 1, 3)
    keys = [tuple(int(match[at]) for at in order) for match in matches]
    return ColumnReading(f"date with the {'day' if day_first else 'month'} first", cells, keys)
