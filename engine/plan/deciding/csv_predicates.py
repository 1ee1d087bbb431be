"""Decides predicates about CSV files: their columns, and their equality with a sheet."""

from __future__ import annotations

import csv
import io
import re
from decimal import Context, Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING

from engine.plan.deciding.evidence import failed, listed, passed, text_of, undecided
from engine.plan.predicates import CsvColumns, CsvEquals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.plan.deciding.evidence import Evidence, PredicateFinding

_SEPARATORS = ",;\t"
#: A number without leading zeros: "007" is a text.
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d{0,39})(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,4})?", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?Z?", re.ASCII)
#: A spreadsheet shows 15 digits of a fraction: 0.30000000000000004 is 0.3 there.
_AS_SHOWN = Context(prec=15)


def decide_csv(predicate: CsvColumns | CsvEquals, content: bytes, evidence: Evidence) -> PredicateFinding:
    text = text_of(content)
    try:
        match predicate:
            case CsvColumns():
                return _columns(predicate.columns, text)
            case CsvEquals():
                return _equals(predicate, text, evidence)
    except csv.Error as error:
        return undecided(f"it cannot be read as CSV: {error}")


def _columns(wanted: Sequence[str], text: str) -> PredicateFinding:
    found = [name.strip() for name in next(_rows(text, _separator(text)), [])]
    names = [name.strip() for name in wanted]
    if found == names:
        return passed(f"{len(found)} column{'' if len(found) == 1 else 's'}")
    missing = [name for name in names if name not in found]
    more = [name for name in found if name not in names]
    problems = [f"it lacks the columns {listed(missing)}"] * bool(missing) + [
        f"it has further columns {listed(more)}"
    ] * bool(more)
    return failed("; ".join(problems) or f"its columns stand in another order: {listed(found)}")


def _equals(predicate: CsvEquals, text: str, evidence: Evidence) -> PredicateFinding:
    sheet = _sheet_of(predicate, evidence)
    if sheet is None:
        which = f"the sheet {predicate.sheet!r}" if predicate.sheet else "the first sheet"
        return undecided(f"{which} of {predicate.workbook} could not be read")
    wanted = text_of(sheet)
    problem = ""
    for separator in dict.fromkeys((",", _separator(text))):
        problem = _first_difference(_rows(text, separator), _rows(wanted, ","))
        if not problem:
            return passed(f"the same rows as {predicate.workbook}")
    return failed(problem)


def _sheet_of(predicate: CsvEquals, evidence: Evidence) -> bytes | None:
    """Return the sheet by its exact name, else by its name in any capitals."""
    wanted = (predicate.workbook.removeprefix("./"), predicate.sheet)
    if wanted in evidence.sheets:
        return evidence.sheets[wanted]
    folded = tuple(map(str.casefold, wanted))
    return next((sheet for name, sheet in evidence.sheets.items() if tuple(map(str.casefold, name)) == folded), None)


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline="\n"), delimiter=separator, skipinitialspace=True)


def _separator(text: str) -> str:
    """Return the most frequent separator outside of quotes in the first line."""
    line = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
    return max(_SEPARATORS, key=line.count)


def _first_difference(rows: Iterator[list[str]], wanted: Iterator[list[str]]) -> str:
    """Return a sentence about the first difference from the wanted rows, or ""."""
    header: list[str] = []
    for number, (row, other) in enumerate(zip_longest(rows, wanted), 1):
        header = header or other or []
        if row == other:
            continue
        for at, (cell, right) in enumerate(zip_longest(row or [], other or [], fillvalue="")):
            if _same(cell.strip(), right.strip()):
                continue
            if row is None or other is None:
                return f"row {number} is {'missing' if row is None else 'one too many'} (the header is row 1)"
            column = f"column {header[at].strip()!r}" if at < len(header) else f"column {at + 1}"
            return (
                f"row {number}, {column}: {cell.strip()[:60]!r} instead of {right.strip()[:60]!r} (the header is row 1)"
            )
    return ""


def _same(cell: str, other: str) -> bool:
    """Say whether two cells have the same value as text, number, date or boolean."""
    if cell == other:
        return True
    if not cell or not other:
        return False
    if _NUMBER.fullmatch(cell) and _NUMBER.fullmatch(other):
        return _same_number(cell, other)
    moments = _MOMENT.fullmatch(cell), _MOMENT.fullmatch(other)
    if moments[0] and moments[1]:
        return _moment(moments[0]) == _moment(moments[1])
    return cell.casefold() in {"true", "false"} and cell.casefold() == other.casefold()


def _same_number(cell: str, other: str) -> bool:
    one, two = Decimal(cell), Decimal(other)
    if one == two:
        return True
    fractions = one != one.to_integral_value() or two != two.to_integral_value()
    return fractions and _AS_SHOWN.plus(one) == _AS_SHOWN.plus(two)


def _moment(found: re.Match[str]) -> tuple[str, str, Decimal]:
    """Return a date, hours and minutes, and seconds. A date without a time is midnight."""
    time = found[2] or "00:00"
    return found[1], time[:5], Decimal(time[6:] or 0)
