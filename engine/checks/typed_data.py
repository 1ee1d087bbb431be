"""Finds rows of a table that are typed into the page, although the table's file is in the repository."""

from __future__ import annotations

import csv
import io
import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TABLE = re.compile(r"\.(?:csv|tsv)$", re.IGNORECASE)
#: The rows of each table that are searched for, and the most characters between two cells of a row.
_ROWS = 30
_APART = 160
_LARGEST = 2_000_000


def typed_tables(source: str, files: Mapping[str, bytes]) -> Iterator[tuple[str, int, str]]:
    """Yield (table, offset in `source`, row) for each table with at least two, and half, of its rows in `source`."""
    for path, content in files.items():
        if _TABLE.search(path) and len(content) <= _LARGEST:
            rows = _rows(content.decode("utf-8-sig", "replace"))
            found = [(at, row) for row in rows if (at := _place(source, row)) is not None]
            if len(found) >= 2 and 2 * len(found) >= len(rows):
                at, row = min(found)
                yield path, at, ", ".join(row)[:80]


def _rows(text: str) -> list[list[str]]:
    """Return the filled cells of the first rows below the header, without rows so short that they match by chance."""
    delimiter = max(",;\t|", key=text.partition("\n")[0].count)
    try:
        read = list(itertools.islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1, _ROWS + 1))
    except csv.Error:
        return []
    rows = [[cell.strip() for cell in row if cell.strip()] for row in read]
    return [row for row in rows if len(row) >= 2 and sum(map(len, row)) >= 6]


def _place(source: str, row: Sequence[str]) -> int | None:
    """Return the offset at which a row's cells follow each other; None if they do not."""
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
