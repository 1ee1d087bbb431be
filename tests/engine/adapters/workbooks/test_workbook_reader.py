from __future__ import annotations

import csv
import datetime
import io
import re
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest

from engine.adapters.workbooks.cells import cell_text
from engine.adapters.workbooks.workbook_reader import WorkbookReader
from engine.errors import Permanent

if TYPE_CHECKING:
    from engine.domain.workbook import Workbook

pytestmark = pytest.mark.processes

SAMPLES = Path(__file__).resolve().parents[3] / "samples" / "workbooks"
SHEETS = ["values-Orders", "sheets-North", "sheets-South & East", "formulas-Sums"]


def read(content: bytes | str, seconds: float = 30) -> Workbook:
    bytes_ = (SAMPLES / content).read_bytes() if isinstance(content, str) else content
    return WorkbookReader().read(bytes_, seconds=seconds)


def grid(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def saved(book: openpyxl.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def why(content: bytes | str, seconds: float = 30) -> str:
    with pytest.raises(Permanent) as caught:
        read(content, seconds)
    assert caught.value.code == "workbook_unreadable"
    return caught.value.message


# --- What others read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHEETS)
def test_values_are_those_that_libreoffice_reads(name: str) -> None:
    book, _, sheet = name.partition("-")
    ours = next(one for one in read(f"{book}.xlsx").sheets if one.name == sheet)
    theirs = grid((SAMPLES / f"{name}.csv").read_bytes())
    dated = [[re.sub(r"^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$", r"\1T\2", cell) for cell in row] for row in theirs]
    assert grid(ours.csv) == dated
    assert (ours.rows, ours.columns) == (len(theirs), len(theirs[0]))


@pytest.mark.parametrize("name", ["values.xlsx", "sheets.xlsx", "formulas.xlsx"])
def test_values_are_those_that_openpyxl_reads(name: str) -> None:
    theirs = openpyxl.load_workbook(SAMPLES / name, data_only=True)
    for sheet in read(name).sheets:
        cells = [list(row) for row in theirs[sheet.name].iter_rows(values_only=True)]
        timed = {
            at
            for row in cells
            for at, v in enumerate(row)
            if isinstance(v, datetime.datetime) and v.time() != datetime.time()
        }
        expected = [[cell_text(value, timed=at in timed) for at, value in enumerate(row)] for row in cells]
        while expected and not any(expected[-1]):
            expected.pop()  # openpyxl counts merged and formatted cells as rows
        assert grid(sheet.csv) == expected


def test_the_bytes_are_plain_csv_with_lf_and_quotes_where_they_must_be() -> None:
    (sheet,) = read("values.xlsx").sheets
    assert sheet.csv.startswith(b"order,day,taken,amount,paid,note\n1,2024-02-29,2024-02-29T13:45:59,12.5,TRUE,plain\n")
    assert b'2,2023-12-31,2024-01-01T00:00:01,0.1,FALSE,"with, comma"\n' in sheet.csv
    assert b'TRUE,"says ""hi"""\n' in sheet.csv
    assert b'4,,,1234567.891,,"two\nlines"\n' in sheet.csv
    assert b"\r" not in sheet.csv
    assert sheet.csv.endswith("Ünïcödé €\n".encode())


def test_hidden_sheets_stay_hidden_and_a_merged_value_stands_in_its_first_cell_alone() -> None:
    sheets = {sheet.name: sheet for sheet in read("sheets.xlsx").sheets}
    assert list(sheets) == ["North", "South & East", "Empty"]
    assert sheets["South & East"].csv == b",,,\n,merged head,,\n,x,y,z\n,1,2,3\n"
    assert sheets["Empty"].csv == b""


def test_a_formula_gives_its_stored_result_and_an_error_stays_one() -> None:
    (sheet,) = read("formulas.xlsx").sheets
    assert sheet.csv == b"a,b,sum,ratio,text\n0.1,0.2,0.3,#DIV/0!,0.1!\n1,2,3,0.5,\n3,0,0,#N/A,OK\n"


def test_formulas_that_were_never_computed_are_counted_aloud() -> None:
    book = read("formulas-uncomputed.xlsx")
    assert "9 of its cells hold a formula without a stored result" in book.warnings[0]
    assert read("formulas.xlsx").warnings == ()


@pytest.mark.parametrize("name", ["formulas.xls", "formulas.ods"])
def test_kinds_that_would_not_be_read_exactly_are_refused(name: str) -> None:
    assert why(name) == f"it is an {name[8:]} workbook; only .xlsx is read, since only that is read exactly"


@pytest.mark.slow
def test_fifty_thousand_rows_are_read_in_their_time_and_as_openpyxl_reads_them() -> None:
    book = openpyxl.Workbook(write_only=True)
    written = book.create_sheet("big")
    start = datetime.datetime(2024, 1, 1)  # noqa: DTZ001 - spreadsheets know no zones
    written.append(["id", "price", "when", "name"])
    for number in range(50_000):
        written.append([number, number * 0.1, start + datetime.timedelta(minutes=number), f"name {number}"])
    content = saved(book)
    (sheet,) = read(content).sheets
    ours = grid(sheet.csv)
    theirs = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
    assert len(ours) == 50_001
    for mine, row in zip(ours, theirs.iter_rows(values_only=True), strict=True):
        assert mine == [cell_text(value, timed=True) for value in row]


# --- What is no workbook, or a hostile one ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "damaged or no workbook"),
        (b"a,b\n1,2\n", "damaged or no workbook"),
        (b"<!doctype html><title>404</title>", "damaged or no workbook"),
        (b"PK\x03\x04" + b"\0" * 200, "damaged or no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2_000, "only .xlsx is read"),
        ((SAMPLES / "values.xlsx").read_bytes()[:3_000], "damaged or no workbook"),
        ("encrypted.xlsx", "protected with a password"),
    ],
    ids=["empty", "csv", "html", "half a zip", "half an xls", "cut", "encrypted"],
)
def test_what_cannot_be_read_gives_a_reason(content: bytes | str, reason: str) -> None:
    assert reason in why(content)


def test_a_cell_in_the_last_corner_ends_its_own_process_only() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = 1
    book.active["XFD1048576"] = 2
    assert "too large" in why(saved(book))


def repacked(parts: dict[str, bytes]) -> bytes:
    """Return the sample of values with some of its parts replaced."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(SAMPLES / "values.xlsx") as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, parts.get(name, old.read(name)))
    return packed.getvalue()


def resized(content: bytes, actual: int, declared: int) -> bytes:
    """Return a zip file that lies about the unpacked size of one of its parts."""
    before, after = actual.to_bytes(4, "little"), declared.to_bytes(4, "little")
    assert content.count(before) == 2
    return content.replace(before, after)


def test_a_zip_bomb_is_refused_by_its_size_before_it_is_unpacked() -> None:
    packed = repacked({"xl/styles.xml": b" " * 1_234_567})
    assert why(resized(packed, 1_234_567, 401_000_000)) == "it is too large"


def test_a_part_that_is_larger_than_it_says_is_not_unpacked_whole() -> None:
    sheet = (
        b'<worksheet><sheetData><row r="1"><c r="A1"><v>'
        + b"1" * 20_000_000
        + b"</v></c></row></sheetData></worksheet>"
    )
    bomb = repacked({"xl/worksheets/sheet1.xml": sheet})
    assert "damaged" in why(resized(bomb, len(sheet), 1_000))


def test_billions_of_laughs_are_not_expanded() -> None:
    doctype = b'<!DOCTYPE a [<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)
    )
    laughs = b'<?xml version="1.0"?>' + doctype + b"]><workbook>&a11;</workbook>"
    assert why(repacked({"xl/workbook.xml": laughs}))


@pytest.mark.slow
def test_a_sheet_of_broken_tags_ends_in_time() -> None:
    begun = time.monotonic()
    assert why(repacked({"xl/worksheets/sheet1.xml": b'<c t="e" ' * 5_000_000}), seconds=10)
    assert time.monotonic() - begun < 25


def test_reading_that_takes_too_long_is_ended() -> None:
    assert why("values.xlsx", seconds=0.001) == "reading it took more than 0 s"


def test_numbers_of_a_raw_file_lose_their_noise_and_none_of_their_digits() -> None:
    cells = [
        b"0.30000000000000004",
        b"1.0",
        b"1234567890123456",
        b"1.1000000000000001E-3",
        b"5.0E-324",
        b"1E+300",
        b"-0",
    ]
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>%s</v></c></row>' % (n, n, cell) for n, cell in enumerate(cells, 1))
    xml = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b"<sheetData>%s</sheetData></worksheet>"
    )
    (sheet,) = read(repacked({"xl/worksheets/sheet1.xml": xml % rows})).sheets
    assert sheet.csv.decode().split() == [
        "0.3", "1", "1234567890123456", "0.0011", "4.94065645841247E-324", "1E+300", "0",
    ]  # fmt: skip
