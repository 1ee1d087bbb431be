"""Spreadsheets: which attachments are some, what a prompt says about one, and which CSV files a brief wants out of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.filenames import UnsafePath, attachment_name, safe_path
from engine.core.quantities import counted
from engine.core.tables import read_table
from engine.core.text_encoding import decode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from engine.core.brief import AttachedFile
    from engine.ports import Sheet

MOST_TABLES = 20  # CSV files made in a round

_SUFFIX = re.compile(r"\.(?:xls[xmb]?|ods)$", re.IGNORECASE)
_MEDIA_TYPES = ("ms-excel", "spreadsheetml", "opendocument.spreadsheet")
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = ("Workbook".encode("utf-16-le"), "Book\0".encode("utf-16-le"))

_SHEETS_SHOWN = 6
_SHEET_CHARACTERS = 6_000  # all sheets' columns together
_ROWS_SHOWN = 6
_LINE = 300
_FIRST_LINE = 800

_URL = re.compile(r"https?://[^\s\"'`<>]+", re.IGNORECASE)
_CSV_NAME = re.compile(r"(?<![\w./-])((?:[\w-]{1,60}/){0,4}[\w-][\w.-]{0,80}\.csv)(?![\w-])", re.IGNORECASE)
_CONVERT = re.compile(r"\b(?:convert|export|transform|turn|save)\w*\b[^.\n]{0,120}\bcsv\b", re.IGNORECASE)
#: What a visitor of the page does with a CSV is the page's business.
_BY_VISITOR = re.compile(r"\b(?:button|click|download|upload|drag|drop)\w*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")


@dataclass(frozen=True, slots=True)
class WantedTable:
    """A CSV file that is to be made: under which `name`, out of which `sheet` of which `book`."""

    name: str
    book: str
    sheet: Sheet


def is_workbook(file: AttachedFile) -> bool:
    """Say whether a file is a spreadsheet: by its bytes, or, where these are no text (a damaged or an encrypted one), by its name and media type."""
    content = file.content
    if content.startswith(b"PK") and (b"xl/workbook." in content or _ODS in content[:200]):
        return True
    if content.startswith(_OLE) and any(stream in content for stream in _OLE_STREAMS):
        return True
    named = _SUFFIX.search(file.name) is not None or any(part in file.media_type for part in _MEDIA_TYPES)
    return named and (not content or decode(content, file.media_type) is None)


def outline(sheets: Sequence[Sheet]) -> str:
    """Return what a prompt says about a workbook: its sheets in the first line, then each sheet's columns and first rows, within bounds."""
    sizes = [
        f"{sheet.name[:100]!r} ({counted(sheet.rows, 'row')}, {counted(sheet.columns, 'column')})" for sheet in sheets
    ]
    lines = [_cut(f"A workbook of {counted(len(sheets), 'sheet')}: {', '.join(sizes)}.", _FIRST_LINE)]
    for sheet in sheets[:_SHEETS_SHOWN]:
        lines += _sheet_lines(sheet, _SHEET_CHARACTERS // min(len(sheets), _SHEETS_SHOWN))
    return "\n".join(lines)


def wants_tables(texts: Sequence[str], present: Collection[str]) -> tuple[list[str], bool]:
    """Return which CSV files, none of them `present`, the brief and its checks name, and whether they ask for a conversion to CSV."""
    sentences = list(_sentences(texts))
    taken = {name.lower() for name in present}
    names = [found[1] for sentence in sentences for found in _CSV_NAME.finditer(sentence)]
    wanted = [name for name in dict.fromkeys(names) if name.lower() not in taken and _is_safe(name)]
    return wanted[:MOST_TABLES], any(_CONVERT.search(sentence) for sentence in sentences)


def wanted_tables(
    texts: Sequence[str], books: Mapping[str, Sequence[Sheet]], present: Collection[str]
) -> list[WantedTable]:
    """Return the CSV files that the brief and its checks want out of workbooks: those that they name, else one a sheet.

    A name is matched with the sheet of that name, else with one that stands in the same sentence, else with the next of the workbook that
    the sentence or the name means. One sheet: `book.csv`; several: `book-sheet.csv`.
    """
    names, converting = wants_tables(texts, present)
    places = [(book, sheet) for book, sheets in books.items() for sheet in sheets]
    if not places or not (names or converting):
        return []
    if names:
        return _named(names, list(_sentences(texts)), places)
    return _one_a_sheet(books, present)


def _named(names: Sequence[str], sentences: Sequence[str], places: Sequence[tuple[str, Sheet]]) -> list[WantedTable]:
    found: list[WantedTable] = []
    left = list(places)
    for name in names:
        said = " ".join(sentence for sentence in sentences if name in sentence).replace(name, " ").lower()
        book, sheet = max(left or places, key=lambda place: _fit(name, said, *place))
        found.append(WantedTable(name, book, sheet))
        left = [place for place in left if place != (book, sheet)]
    return found


def _fit(name: str, said: str, book: str, sheet: Sheet) -> tuple[bool, bool, bool, bool]:
    """Return how well a sheet suits a wanted name; of equals the first is taken."""
    stem = _key(name.rsplit("/", 1)[-1].rpartition(".")[0])
    own = {_key(sheet.name), _key(f"{_stem(book)}-{sheet.name}")}
    told = re.search(rf"(?<!\w){re.escape(sheet.name.lower())}(?!\w)", said) is not None
    return stem in own, told, stem == _key(_stem(book)), book.lower() in said


def _one_a_sheet(books: Mapping[str, Sequence[Sheet]], present: Collection[str]) -> list[WantedTable]:
    found: list[WantedTable] = []
    for book, sheets in books.items():
        for sheet in sheets:
            raw = _stem(book) if len(sheets) == 1 else f"{_stem(book)}-{_in_name(sheet.name)}"
            taken = [*present, *(one.name for one in found)]
            name, _ = attachment_name(f"{raw}.csv", len(found) + 1, taken)
            found.append(WantedTable(name, book, sheet))
    return found[:MOST_TABLES]


def _sentences(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        for sentence in _SENTENCE_END.split(_URL.sub(" ", text)):
            if not _BY_VISITOR.search(sentence):
                yield sentence


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


def _stem(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return stem or suffix


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _in_name(sheet: str) -> str:
    return re.sub(r"[^\w.-]+", "-", sheet).strip("-.") or "sheet"


def _is_safe(name: str) -> bool:
    try:
        return safe_path(name) == name
    except UnsafePath:
        return False
