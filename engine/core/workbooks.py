"""Spreadsheets: which attachments are some, and what a prompt says about one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.core.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.core.brief import AttachedFile
    from engine.ports import Sheet

_SUFFIX = re.compile(r"\.(?:xls[xmb]?|ods)$", re.IGNORECASE)
_MEDIA_TYPES = ("ms-excel", "spreadsheetml", "opendocument.spreadsheet")
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"

_SHEETS_SHOWN = 6
_ROWS_SHOWN = 6
_LINE = 300
_COLUMNS_LINE = 1_200


def is_workbook(file: AttachedFile) -> bool:
    """Say whether a file is a spreadsheet, or is called one: by its bytes, else by its name and media type."""
    content = file.content
    if content.startswith(b"PK") and (b"xl/workbook." in content or _ODS in content[:200]):
        return True
    return _SUFFIX.search(file.name) is not None or any(part in file.media_type for part in _MEDIA_TYPES)


def outline(sheets: Sequence[Sheet]) -> str:
    """Return what a prompt says about a workbook: each sheet's name, size, columns and first rows, within bounds."""
    lines = [f"A workbook with {len(sheets)} {'sheet' if len(sheets) == 1 else 'sheets'}."]
    for sheet in sheets[:_SHEETS_SHOWN]:
        lines += _sheet_lines(sheet)
    if more := [sheet.name for sheet in sheets[_SHEETS_SHOWN:]]:
        lines.append(_cut(f"Further sheets: {', '.join(more)}"))
    return "\n".join(lines)


def _sheet_lines(sheet: Sheet) -> list[str]:
    first = f"Sheet {sheet.name[:100]!r}: {sheet.rows:,} rows, {sheet.columns:,} columns."
    text = sheet.csv.decode()
    table = read_table(text) if text.strip(",\n") else None
    if table is None:
        return [first, "It is empty."]
    head = [_cut(line) for line in text.split("\n", _ROWS_SHOWN)[:_ROWS_SHOWN] if line]
    about = [f"Columns: {table.columns()}", *table.totals_line()]
    return [first, *(_cut(line, _COLUMNS_LINE) for line in about), "Its first rows, as CSV:", *head]


def _cut(line: str, most: int = _LINE) -> str:
    return line if len(line) <= most else f"{line[:most]} … [cut here]"
