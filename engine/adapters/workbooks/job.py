"""Reads one workbook in a process of its own: bytes on stdin, JSON on stdout.

A hostile file can kill only this process. A workbook with a cell in its last corner makes the reader allocate half a
terabyte and abort, which Python cannot catch.
"""

from __future__ import annotations

import io
import json
import re
import resource
import sys
import zipfile
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from xml.parsers import expat

import python_calamine

from engine.adapters.workbooks.cells import csv_text

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_UNPACKED = 400_000_000  # bytes of the unpacked workbook
MOST_CSV = 20_000_000  # bytes of all sheets' CSV
MOST_CELLS = 5_000_000  # of one sheet
MOST_SHEETS = 50
MOST_MEMORY = 1_000_000_000  # bytes of this process
MOST_SECONDS = 25  # of this process's CPU time

_TOO_LARGE = "it is too large"
_ONLY = "only .xlsx is read, since only that is read exactly"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    ET.ParseError,
    LookupError,
    ValueError,
    RuntimeError,
    EOFError,
    OSError,
)
_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})", re.ASCII)
_FORMULA = re.compile(rb"<(?:\w{1,20}:)?f\b")
_LONGEST_ERROR = 40
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class UnreadableError(Exception):
    """The workbook cannot be read. The text is the end of a sentence."""


def main() -> None:
    """Answer with `{"sheets": [{name, rows, columns, csv}], "warnings": []}` or `{"error": …}`."""
    for limit, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    try:
        answer = read(sys.stdin.buffer.read())
    except UnreadableError as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": _TOO_LARGE}
    sys.stdout.buffer.write(json.dumps(answer).encode())


def read(content: bytes) -> dict[str, object]:
    """Return the visible sheets. Raises UnreadableError, MemoryError."""
    parts = {name: _Cells(xml) for name, xml in _parts(content).items()}
    try:
        book = python_calamine.load_workbook(io.BytesIO(content))
        sheets = [_sheet(book, name, parts[name].errors if name in parts else {}) for name in _visible(book)]
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise UnreadableError(f"it is damaged or no workbook ({' '.join(str(error).split())[:200]})") from None
    if sum(len(str(sheet["csv"])) for sheet in sheets) > MOST_CSV:
        raise UnreadableError(_TOO_LARGE)
    return {"sheets": sheets, "warnings": _warnings(sum(cells.uncomputed for cells in parts.values()))}


def _visible(book: python_calamine.CalamineWorkbook) -> list[str]:
    kinds, states = python_calamine.SheetTypeEnum, python_calamine.SheetVisibleEnum
    metadata = book.sheets_metadata
    sheets = [sheet.name for sheet in metadata if (sheet.typ, sheet.visible) == (kinds.WorkSheet, states.Visible)]
    if not sheets:
        raise UnreadableError("it holds no visible sheet")
    return sheets[:MOST_SHEETS]


def _sheet(
    book: python_calamine.CalamineWorkbook, name: str, errors: Mapping[tuple[int, int], str]
) -> dict[str, object]:
    """Return one sheet from its cell A1 on, as a spreadsheet program saves it in CSV."""
    sheet = book.get_sheet_by_name(name)
    corners = [end for end in (sheet.end, *errors) if end]
    rows, columns = (max(corner[axis] for corner in corners) + 1 if corners else 0 for axis in (0, 1))
    if rows * columns > MOST_CELLS:
        raise UnreadableError(f"its sheet {name[:100]!r} has more than {MOST_CELLS:,} cells")
    grid: list[list[object]] = [list(row) for row in sheet.to_python(skip_empty_area=False)] if sheet.end else []
    grid = [[*row, *[""] * (columns - len(row))] for row in [*grid, *[[] for _ in range(rows - len(grid))]]]
    for (row, column), text in errors.items():
        grid[row][column] = text
    csv = csv_text(grid)
    if len(csv) > MOST_CSV:
        raise UnreadableError(_TOO_LARGE)
    return {"name": name, "rows": rows, "columns": columns, "csv": csv}


def _parts(content: bytes) -> dict[str, bytes]:
    """Return the XML of the sheets by sheet name. Raises UnreadableError for another or a too large file."""
    _refuse_other_kinds(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > MOST_UNPACKED:
                raise UnreadableError(_TOO_LARGE)
            return {sheet: packed.read(part) for sheet, part in _part_names(packed).items()}
    except _BROKEN as error:
        raise UnreadableError(f"it is damaged or no workbook ({' '.join(str(error).split())[:200]})") from None


def _refuse_other_kinds(content: bytes) -> None:
    """Refuse formats that the reader misreads: texts of formulas are 0 in .xls, errors and TRUE are lost in .ods."""
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise UnreadableError("it is protected with a password")
        raise UnreadableError(f"it is an .xls workbook; {_ONLY}")
    if _ODS in content[:200]:
        raise UnreadableError(f"it is an .ods workbook; {_ONLY}")
    if b"xl/workbook.bin" in content:
        raise UnreadableError(f"it is an .xlsb workbook; {_ONLY}")


def _part_names(packed: zipfile.ZipFile) -> dict[str, str]:
    """Return the file of each sheet.

    ElementTree fetches no external entity, and expanded ones meet this process's bounds of memory and time; the
    workbook's reader parses the same bytes once more in any case.
    """
    relations = ET.fromstring(packed.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - in a process with bounds
    targets = {relation.get("Id"): (relation.get("Target") or "").removeprefix("/xl/") for relation in relations}
    book = ET.fromstring(packed.read("xl/workbook.xml"))  # noqa: S314 - in a process with bounds
    sheets = [element for element in book.iter() if element.tag.endswith("}sheet")]
    parts = {sheet.get("name") or "": f"xl/{targets.get(sheet.get(_RELATION), '')}" for sheet in sheets}
    return {name: part for name, part in parts.items() if part in packed.namelist()}


class _Cells:
    """What the reader does not tell of a sheet: its error values by (row, column) from 0, which it reports as empty.

    `uncomputed` counts the formulas without a stored result. A formula with an empty text as its result looks the same
    but has t="str". The XML is read in one pass. Broken XML is read as far as it goes: the reader refuses it.
    """

    def __init__(self, xml: bytes) -> None:
        self.errors: dict[tuple[int, int], str] = {}
        self.uncomputed = 0
        self._type = self._place = self._value = ""
        self._has_formula = self._in_value = False
        if b't="e"' not in xml and b"t='e'" not in xml and _FORMULA.search(xml) is None:
            return
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        with suppress(expat.ExpatError, LookupError):
            parser.Parse(xml, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "c":
                self._type, self._place, self._value = attributes.get("t", ""), attributes.get("r", ""), ""
                self._has_formula = False
            case "f":
                self._has_formula = True
            case "v":
                self._in_value = True
            case _:
                pass

    def _text(self, text: str) -> None:
        if self._in_value:
            self._value += text[:_LONGEST_ERROR]

    def _end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "v":
                self._in_value = False
            case "c" if self._value and self._type == "e" and (place := _PLACE.fullmatch(self._place)):
                self.errors[int(place[2]) - 1, _column(place[1])] = self._value
            case "c" if self._has_formula and not self._value and self._type != "str":
                self.uncomputed += 1
            case _:
                pass


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _warnings(uncomputed: int) -> list[str]:
    if not uncomputed:
        return []
    warning = (
        "of its cells hold a formula without a stored result and are empty in CSV: it was never calculated and saved"
    )
    return [f"{uncomputed:,} {warning}"]


if __name__ == "__main__":
    main()
