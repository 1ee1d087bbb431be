"""Finds the spreadsheets among attachments, and describes a spreadsheet for a prompt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.formats.quantities import counted
from engine.formats.tables import read_table
from engine.formats.text_encoding import binary_type, decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.brief import AttachedFile
    from engine.domain.workbook import Sheet

_SUFFIX = re.compile(r"\.(?:xls[xmb]?|ods)$", re.IGNORECASE)
_MEDIA_TYPES = ("ms-excel", "spreadsheetml", "opendocument.spreadsheet")
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = ("Workbook".encode("utf-16-le"), "Book\0".encode("utf-16-le"))

#: What a damaged workbook is by its bytes: a ZIP file, or nothing known.
_DAMAGED = ("", "application/zip")

_SHEETS_SHOWN = 6
_SHEET_CHARACTERS = 6_000  # all sheets' columns together
_ROWS_SHOWN = 6
_LINE = 300
_FIRST_LINE = 800


def is_workbook(file: AttachedFile) -> bool:
    """Say whether a file is a spreadsheet, by its bytes.

    Bytes that are not text (a damaged or encrypted file) count as one by the name or the media type.
    """
    content = file.content
    if content.startswith(b"PK") and (b"xl/workbook." in content or _ODS in content[:200]):
        return True
    if content.startswith(_OLE) and any(stream in content for stream in _OLE_STREAMS):
        return True
    named = _SUFFIX.search(file.name) is not None or any(part in file.media_type for part in _MEDIA_TYPES)
    return named and (not content or (decode(content, file.media_type) is None and binary_type(content) in _DAMAGED))


def outline(sheets: Sequence[Sheet]) -> str:
    """Describe a workbook for a prompt: its sheets in the first line, then each sheet's columns and first rows."""
    sizes = [
        f"{sheet.name[:100]!r} ({counted(sheet.rows, 'row')}, {counted(sheet.columns, 'column')})" for sheet in sheets
    ]
    lines = [_cut(f"A workbook of {counted(len(sheets), 'sheet')}: {', '.join(sizes)}.", _FIRST_LINE)]
    for sheet in sheets[:_SHEETS_SHOWN]:
        lines += _sheet_lines(sheet, _SHEET_CHARACTERS // min(len(sheets), _SHEETS_SHOWN))
    return "\n".join(lines)


def _sheet_lines(sheet: Sheet, room: int) -> list[str]:
    first = f"Sheet {sheet.name[:100]!r}, as CSV"
    text = sheet.csv.decode()
    try:
        table = read_table(text)
    except ValueError as error:
        return [f"{first}: it {error}."]
    if table is None:
        return [f"{first}: it is empty."]
    rows = text.removesuffix("\n").split("\n")
    shown = "All of its lines:" if len(rows) <= _ROWS_SHOWN else f"Its first {_ROWS_SHOWN} lines:"
    return [f"{first}:", *(_cut(line) for line in table.facts(room)), shown, *map(_cut, rows[:_ROWS_SHOWN])]


def _cut(line: str, most: int = _LINE) -> str:
    return line if len(line) <= most else f"{line[:most]} … [cut here]"
