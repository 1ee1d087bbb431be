"""Finds rows of a table that were typed into the page, though the file with the table stands beside it."""

from __future__ import annotations

import csv
import io
import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TABLE = re.compile(r"\.(?:csv|tsv)$", re.IGNORECASE)
#: Rows of each table that are looked for, and how many characters may lie between two cells of one.
_ROWS = 30
_APART = 160
_LARGEST = 2_000_000


def typed_tables(source: str, files: Mapping[str, bytes]) -> Iterator[tuple[str, int, str]]:
    """Yield (table, offset in `source`, row) for each table of which most rows, at least two, stand in `source`."""
    for path, content in files.items():
        if _TABLE.search(path) and len(content) <= _LARGEST:
            rows = _rows(content.decode("utf-8-sig", "replace"))
            found = [(at, row) for row in rows if (at := _place(source, row)) is not None]
            if len(found) >= 2 and 2 * len(found) >= len(rows):
                at, row = min(found)
                yield path, at, ", ".join(row)[:80]


def _rows(text: str) -> list[list[str]]:
    """Return the filled cells of the first rows below the header, without rows that may match by chance."""
    delimiter = max(",;\t|", key=text.partition("\n")[0].count)
    try:
        read = list(itertools.islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1, _ROWS + 1))
    except csv.Error:
        return []
    rows = [[cell.strip() for cell in row if cell.strip()] for row in read]
    return [row for row in rows if len(row) >= 2 and sum(map(len, row)) >= 6]


def _place(source: str, row: Sequence[str]) -> int | None:
    """Return where a row's cells stand one after the other, None where they do not."""
    for found in itertools.islice(re.finditer(_word(row[0]), source), 50):
        at = found.end()
        for cell in row[1:]:
            following = re.compile(_word(cell)).search(source, at, at + _APART + len(cell))
            if following is None:
                break
            at = following.end()
        else:
            return found.start()
    return None


def _word(cell: str) -> str:
    return rf"(?<![\w.]){re.escape(cell)}(?![\w])"
