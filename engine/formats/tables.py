"""Reads a table in text form: its separator, header, rows and columns, and its pitfalls for a program."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING

from engine.formats.columns import MOST_CELLS, column_phrase, quoted, read
from engine.formats.markup import begins_as_page
from engine.formats.quantities import counted
from engine.formats.text_encoding import CONTROL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: If two separators divide the lines equally well, the first wins: a comma also stands in numbers and names.
_SEPARATORS = "\t;|,"

_COLUMNS = 30
_COLUMNS_CHARACTERS = 2_000
_SAMPLE_CHARACTERS = 20_000
_SAMPLE_ROWS = 200

_QUOTED = re.compile(r'(?<!\w)"(?:[^"]|"")*"')
_SEPARATOR_LINE = re.compile(r'sep=([^\w\s"]|\t)(?:\n|$)', re.IGNORECASE)
_PLAIN_NAME = re.compile(r'[^\s,;:"\x00-\x1f](?:[^,;:"\x00-\x1f]{0,58}[^\s,;:"\x00-\x1f])?')
#: What stands where line ends were lost on the way: their escapes, and signs that other programs end lines with.
_LOST_ENDS: tuple[str, ...] = ("\\r\\n", "\\n", "\\r", *"\x0b\x0c\x0e\x1c\x1d\x1e\x1f\x85\u2028\u2029")


@dataclass(slots=True)
class Table:
    """A parsed table. `rows` are the first of its `count` rows; `header_line` is 0 if the first row is no header.

    `lost_end` is the sign that stands in place of line ends, "" in an ordinary table.
    """

    separator: str
    header: Sequence[str]
    header_line: int
    rows: list[Sequence[str]] = field(default_factory=list)
    count: int = 0
    above: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    names_separator: bool = False
    has_quotes: bool = False
    odd_quotes: bool = False
    has_gaps: bool = False  # white space between a separator and a quotation mark
    lost_end: str = ""

    def summary(self) -> str:
        """Return separator, header and size of the table in one line."""
        header = f"header in line {self.header_line}" if self.header_line else "no header, as it seems"
        where = " below it" if self.header_line else ""
        separator = f"separator {self.separator!r}, " if len(self.header) > 1 else ""
        return (
            f"Table: {separator}{header}, {counted(self.count, 'row')}{where}, {counted(len(self.header), 'column')}."
        )

    def names(self) -> list[str]:
        """Return the columns' names in the form that a prompt shows."""
        if not self.header_line:
            return [f"(column {number})" for number in range(1, len(self.header) + 1)]
        return [name if _PLAIN_NAME.fullmatch(name) else quoted(name) for name in self.header]

    def facts(self, room: int = _COLUMNS_CHARACTERS) -> list[str]:
        """Return lines on the table's format and columns; the columns take about `room` characters."""
        return [self.summary(), *self._oddities(), *self._quotes(), *self._shapes(), *self.columns(room)]

    def names_line(self) -> str:
        """Return one line with the columns' names, cut to a limit."""
        names = self.names()
        more = f" and {len(names) - _COLUMNS:,} more" if len(names) > _COLUMNS else ""
        return f"Columns: {', '.join(names[:_COLUMNS])}{more}."

    def columns(self, room: int = _COLUMNS_CHARACTERS) -> list[str]:
        """Return a line for each column, about `room` characters in all."""
        if not self.rows:
            return [self.names_line()]
        covered = "" if len(self.rows) == self.count else f", over the first {len(self.rows):,} rows"
        names = self.names()
        lines: list[str] = []
        for at, name in enumerate(names[:_COLUMNS]):
            line = f"- {name}: {column_phrase(row[at] for row in self.rows if at < len(row))}"
            room -= len(line)
            if room < 0:
                break
            lines.append(line)
        more = names[len(lines) :]
        rest = [f"- and {counted(len(more), 'column')} more: {', '.join(more)[:300]}"] if more else []
        return [f"Columns{covered}:", *lines, *rest]

    def fault(self) -> str:
        """Return a clause on the table's defect; "" if it has none."""
        if self.lost_end:
            return f"is a table whose line ends were lost: {_shown(self.lost_end)} in their place"
        if not self.count:
            lost = ": its line ends may have been lost" if len(self.header) > 2 or not self.is_plain else ""
            return f"is a table without rows{lost}"
        return "has a quotation mark that may not be closed" if self.odd_quotes else ""

    @property
    def is_plain(self) -> bool:
        """Whether no name of a column holds a control character."""
        return not any(CONTROL.search(name) for name in self.header)

    def _oddities(self) -> Iterator[str]:
        if self.names_separator:
            yield "Its first line names the separator for spreadsheet programs; it is no data."
        if self.above:
            yield (
                f"Above the header stand {counted(len(self.above), 'line')} of text: "
                f"{', '.join(map(quoted, self.above[:3]))}."
            )
        if self.skipped:
            yield f"Not counted as rows: {', '.join(counted(count, what) for what, count in self.skipped.items())}."
        if not self.count or self.lost_end:
            yield f"It {self.fault()}."
        if repeated := len(self.rows) - len({tuple(row) for row in self.rows}):
            yield f"Rows that repeat an earlier one in every cell: {repeated:,}."

    def _quotes(self) -> Iterator[str]:
        if self.odd_quotes:
            yield "It has an odd number of quotation marks: one may not be closed."
        if not self.has_quotes:
            yield "No field is quoted."
            return
        cells = list(chain(self.header, *self.rows))
        signs = ((self.separator, "the separator"), ("\n", "a line end"), ('"', "a quotation mark"))
        held = [
            f"{count:,} hold{'s' if count == 1 else ''} {name}"
            for sign, name in signs
            if (count := sum(sign in cell for cell in cells))
        ]
        yield (
            f"Some fields are quoted; {', '.join(held) or 'none holds the separator, a line end or a quotation mark'}."
        )

    def _shapes(self) -> Iterator[str]:
        widths = Counter(len(row) for row in self.rows)
        del widths[len(self.header)]
        if widths:
            counts = ", ".join(f"{counted(rows, 'row')} of {width}" for width, rows in sorted(widths.items())[:4])
            yield f"Not all rows have {counted(len(self.header), 'field')}: {counts}."
        padded = sum(cell != cell.strip() for cell in chain(self.header, *self.rows))
        if padded:
            yield f"Fields that begin or end with white space: {padded:,}."
        if duplicates := [name for name, count in Counter(self.header).items() if count > 1 and self.header_line]:
            yield f"Columns of the same name: {', '.join(map(quoted, duplicates[:5]))}."
        if self.header_line and (blank := sum(not name.strip() for name in self.header)):
            yield f"Columns without a name: {blank:,}."


def read_table(text: str) -> Table | None:
    """Return the table in a text with LF line ends; None for an empty text. Raises ValueError with a clause."""
    if begins_as_page(text):
        raise ValueError("is called a table, but it is an HTML page")
    if lost_end := _lost_end(text):
        found = _read(text.replace(lost_end, "\n"))
        if found:
            found.lost_end = lost_end
        return found
    return _read(text)


def _read(text: str) -> Table | None:
    separator_line = _SEPARATOR_LINE.match(text)
    separator = separator_line[1] if separator_line else _separator(text)
    gaps = re.search(rf'{re.escape(separator)} +"', text) is not None
    source = io.StringIO(text[separator_line.end() :] if separator_line else text, newline="")
    rows = csv.reader(source, delimiter=separator, skipinitialspace=gaps)
    before = 1 if separator_line else 0
    try:
        table = _parsed(((rows.line_num + before, row) for row in rows), separator)
    except csv.Error:
        limit = f"{csv.field_size_limit():,} characters"
        raise ValueError(
            f"is called a table, but a field in line {rows.line_num + before} is longer than {limit}"
        ) from None
    if table is not None:
        table.has_quotes = re.search(rf'(?:^|{re.escape(separator)} *)"', text, re.MULTILINE) is not None
        table.odd_quotes = table.has_quotes and text.count('"') % 2 == 1
        table.names_separator = separator_line is not None
        table.has_gaps = gaps
    return table


def is_regular(text: str) -> bool:
    """Say whether a text looks like a table: at least three lines, each with the same number of separators.

    One separator a line is enough, except for the comma, which needs two.
    """
    lines = _sample(text)
    separator = _separator(text)
    counts = {line.count(separator) for line in lines}
    return len(lines) >= 3 and len(counts) == 1 and min(counts) >= (2 if separator == "," else 1)


def _lost_end(text: str) -> str:
    """Return what stands in place of line ends in a text of one line; "" if nothing divides it into like lines."""
    if "\n" in text.strip("\n"):
        return ""
    for sign in _LOST_ENDS:
        if sign in text:
            divided = text.replace(sign, "\n")
            separator = _separator(divided)
            counts = {line.count(separator) for line in _sample(divided)}
            if len(counts) == 1 and min(counts) >= 1 and divided.strip("\n").count("\n"):
                return sign
    return ""


def _shown(sign: str) -> str:
    """Return a sign in words: "U+000E stands", or an escape as it is written."""
    return f"U+{ord(sign):04X} stands" if len(sign) == 1 else f"the characters {sign} stand"


def _sample(text: str) -> list[str]:
    """Return the first lines that are not blank, without the quoted text in them."""
    begin = text[:_SAMPLE_CHARACTERS]
    lines = _QUOTED.sub("", begin).split("\n")
    if len(text) > len(begin) and len(lines) > 1:
        lines.pop()
    return [line for line in lines if line.strip()][:_SAMPLE_ROWS]


def _separator(text: str) -> str:
    """Return the separator that stands equally often in the most lines; if several do, the most frequent one."""
    lines = _sample(text)

    def regularity(sign: str) -> tuple[int, int]:
        counts = Counter(count for line in lines if (count := line.count(sign)))
        often, lines_of_it = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        return lines_of_it, often

    return max(_SEPARATORS, key=regularity) if any(sign in text for sign in _SEPARATORS) else ","


def _parsed(rows: Iterator[tuple[int, list[str]]], separator: str) -> Table | None:
    """Find the header among the first rows, and read the rows below it. Each row comes with its last line's number."""
    first = list(islice(rows, _SAMPLE_ROWS))
    filled = [(line, row) for line, row in first if any(cell.strip() for cell in row)]
    if not filled:
        return None
    width = Counter(len(row) for _, row in filled).most_common(1)[0][0]
    above = _above([row for _, row in filled], width)
    line, header = filled[len(above)]
    table = Table(separator, header, line - sum(name.count("\n") for name in header), above=above)
    below = [row for number, row in first if number > line]
    if not _is_header(header, [row for _, row in filled[len(above) + 1 :]]):
        table.header_line, below = 0, [header, *below]
    _take(table, chain(below, (row for _, row in rows)))
    return table


def _above(filled: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the lines above the header: comments, and titles, of which only the first cell is filled."""
    found: list[str] = []
    for row in filled[:-1]:
        is_title = width > 1 and row[0].strip() and not any(cell.strip() for cell in row[1:])
        if not (is_title or (row[0].startswith("#") and len(row) != width)):
            break
        found.append(" ".join(row).strip())
    return found


def _is_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Say whether a first row names columns.

    It does not if it holds numbers or dates in the columns of numbers or dates; a row of years does.
    """
    typed = 0
    for at, name in enumerate(first):
        cells = [cell for row in rows if at < len(row) and (cell := row[at].strip())]
        if not cells or read(cells).type == "text":
            continue
        if not name.strip() or read([name.strip()]).type == "text":
            return True
        typed += 1
    years = [name for name in first if re.fullmatch(r"(?:1[89]|20|21)\d\d", name.strip())]
    return not typed or len(years) == typed


def _take(table: Table, rows: Iterator[Sequence[str]]) -> None:
    most = MOST_CELLS // max(len(table.header), 1)
    for row in rows:
        if not row:
            table.skipped["blank line"] += 1
        elif not any(cell.strip() for cell in row):
            table.skipped["all-empty row"] += 1
        elif row[0].startswith("#") and len(row) != len(table.header):
            table.skipped["comment line"] += 1
        else:
            table.count += 1
            if table.count <= most:
                table.rows.append(row)
