"""What a table in text form holds: its columns with their types and totals, its rows, and how a script reads it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from decimal import Context, Decimal
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_COLUMNS = 40
_TYPED_ROWS = 200
#: How many cells are summed up, from the first row on: a second or two of work.
MOST_SUMMED = 500_000
_LONGEST_NUMBER = 40

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_DRESSED_NUMBER = re.compile(r"[^\w\s]?\s?[+-]?\d[\d,. ]*\s?(?:%|[^\w\s]|[A-Z]{3})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}")

#: Sums are of decimal fractions as they stand there: 0.1 and 0.2 are 0.3. What is too large for it becomes no number, and raises nothing.
_ARITHMETIC = Context(prec=30, Emax=400, Emin=-400, traps=[])


@dataclass(slots=True)
class _Total:
    """A column's sum, least and greatest, as far as all of its cells are numbers."""

    sum: Decimal = Decimal(0)
    least: Decimal | None = None
    greatest: Decimal | None = None
    broken: bool = False

    def take(self, cell: str) -> None:
        if not cell or self.broken:
            return
        if len(cell) > _LONGEST_NUMBER or not _NUMBER.fullmatch(cell):
            self.broken = True
            return
        value = _ARITHMETIC.create_decimal(cell)
        self.sum = _ARITHMETIC.add(self.sum, value)
        self.least = value if self.least is None or value < self.least else self.least
        self.greatest = value if self.greatest is None or value > self.greatest else self.greatest

    def __str__(self) -> str:
        return f"sum {_plain(self.sum)}, min {_plain(self.least)}, max {_plain(self.greatest)}"

    @property
    def known(self) -> bool:
        return not self.broken and self.greatest is not None and self.sum.is_finite()


@dataclass(slots=True)
class Table:
    """A table as it was read: its first rows, how many there are below the header, and the totals of the number columns by name."""

    delimiter: str
    header: Sequence[str]
    head: list[Sequence[str]] = field(default_factory=list)
    rows: int = 0
    totals: list[tuple[str, str]] = field(default_factory=list)
    summed: int = 0  # rows that the totals cover

    def columns(self) -> str:
        """Return the columns' names with their types, in one line."""
        columns = [
            f"{name.strip()[:60]} ({_column_type(row[at].strip() for row in self.head if at < len(row))})"
            for at, name in enumerate(self.header[:_COLUMNS])
        ]
        return ", ".join(columns)

    def totals_line(self) -> list[str]:
        """Return the totals in a line, none where no column is of numbers alone."""
        if not self.totals:
            return []
        rows = "all rows" if self.summed == self.rows else f"the first {self.summed:,} rows"
        shown = "; ".join(f"{name}: {total}" for name, total in self.totals)
        return [f"Totals over {rows}, for you to compare with (the page computes its own): {shown}"]


def read_table(text: str) -> Table | None:
    """Return the table that a text holds, None for an empty one. Raises ValueError where it is none."""
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t|", key=first_line.count)
    try:
        rows = _filled(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        header = next(rows, None)
        return None if header is None else _read(Table(delimiter, header), rows)
    except csv.Error:
        raise ValueError("It is called a table but does not parse.") from None


def table_shape(text: str) -> list[str]:
    """Return in lines what a prompt says about a table."""
    try:
        table = read_table(text)
    except ValueError as error:
        return [str(error)]
    if table is None:
        return ["An empty table."]
    return [
        f"Columns, separated by {table.delimiter!r}: {table.columns()}",
        f"Rows below the header: {table.rows}",
        *table.totals_line(),
        _how_to_read(text, table.delimiter, table.rows),
    ]


def _filled(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    return (row for row in rows if any(cell.strip() for cell in row))


def _read(table: Table, rows: Iterator[list[str]]) -> Table:
    table.head = list(islice(rows, _TYPED_ROWS))
    typed = [
        (at, _column_type(row[at].strip() for row in table.head if at < len(row)))
        for at in range(min(len(table.header), _COLUMNS))
    ]
    totals = {at: _Total() for at, kind in typed if kind == "number"}
    most = MOST_SUMMED // max(len(totals), 1)
    for number, row in enumerate(_chained(table.head, rows), 1):
        table.rows = number
        if number > most:
            continue
        table.summed = number
        for at, total in totals.items():
            if at < len(row):
                total.take(row[at].strip())
    table.totals = [(table.header[at].strip()[:60], str(total)) for at, total in totals.items() if total.known]
    return table


def _chained(head: Iterable[Sequence[str]], rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    yield from head
    yield from rows


def _how_to_read(text: str, delimiter: str, rows: int) -> str:
    """Say how a script reads this very table right: weak models count the header and the empty text after the last line end as rows."""
    if '"' in text:
        return f"Some fields are quoted: a plain split at {delimiter!r} does not read them."
    if len(text.strip().splitlines()) != rows + 1:
        return "Some lines are empty: they are no rows."
    lines = "text.trim().split(/\\r?\\n/)"
    return f"Read it so: const [header, ...rows] = {lines}.map((line) => line.split({delimiter!r})); // rows.length is {rows}"


def _column_type(cells: Iterable[str]) -> str:
    filled = [cell for cell in cells if cell]
    kinds = (("number", _NUMBER), ("date", _DATE), ("number with signs or separators", _DRESSED_NUMBER))
    return next((kind for kind, pattern in kinds if filled and all(pattern.fullmatch(cell) for cell in filled)), "text")


def _plain(value: Decimal | None) -> str:
    """Return a number as a page would show it, without an exponent where it is of a usual size."""
    if value is None:
        return ""
    if not value:
        return "0"
    whole = _ARITHMETIC.normalize(value)
    return format(whole, "f") if -20 < whole.adjusted() < 20 else str(whole)
