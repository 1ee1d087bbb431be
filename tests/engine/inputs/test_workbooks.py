from __future__ import annotations

import pytest

from engine.domain.brief import AttachedFile
from engine.domain.workbook import Sheet
from engine.inputs.workbooks import is_workbook, outline


@pytest.mark.parametrize(
    ("name", "media_type", "content", "yes"),
    [
        ("a.xlsx", "", b"", True),
        ("a.XLS", "", b"\xff\0\x01", True),
        ("a.ods", "", b"PK\x03\x04\0\0", True),
        ("a", "application/vnd.ms-excel", b"\0\x01\xff", True),
        ("a.csv", "text/csv", b"PK\x03\x04 xl/workbook.xml", True),
        ("a.dat", "", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), True),
        ("a.doc", "", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), False),
        ("a.csv", "text/csv", b"a,b", False),
        ("a.csv", "application/vnd.ms-excel", b"a,b\n1,2\n", False),
        ("a.csv", "application/vnd.ms-excel", "a\tb\n".encode("utf-16"), False),
        ("report.xls", "application/vnd.ms-excel", b"<table><tr><td>1</table>", False),
        ("a.zip", "application/zip", b"PK\x03\x04", False),
    ],
)
def test_a_workbook_is_recognised_by_its_bytes_or_if_they_are_damaged_by_its_name(
    name: str, media_type: str, content: bytes, yes: bool
) -> None:
    assert is_workbook(AttachedFile(name, media_type, content)) is yes


def test_the_outline_tells_sizes_columns_and_first_rows() -> None:
    text = "id,price\n" + "".join(f"{n},0.5\n" for n in range(1, 101))
    description = outline(
        [Sheet("Sales", 101, 2, text.encode()), Sheet("Empty", 0, 0, b""), Sheet("One", 2, 1, b"a\nx\n")]
    )
    assert description.splitlines() == [
        "A workbook of 3 sheets: 'Sales' (101 rows, 2 columns), 'Empty' (0 rows, 0 columns), 'One' (2 rows, 1 column).",
        "Sheet 'Sales', as CSV:",
        "Table: separator ',', header in line 1, 100 rows below it, 2 columns.",
        "No field is quoted.",
        "Columns:",
        "- id: integer, 1 to 100, ascending, all different",
        "- price: number, always 0.5",
        "Its first 6 lines:",
        *text.splitlines()[:6],
        "Sheet 'Empty', as CSV: it is empty.",
        "Sheet 'One', as CSV:",
        "Table: header in line 1, 1 row below it, 1 column.",
        "No field is quoted.",
        "Columns:",
        '- a: text, always "x"',
        "All of its lines:",
        "a",
        "x",
    ]


def test_a_sheet_that_cannot_be_read_as_a_table_does_not_hide_the_others() -> None:
    description = outline([Sheet("Page", 1, 1, b"<html>\n"), Sheet("One", 2, 1, b"a\nx\n")])
    assert "Sheet 'Page', as CSV: it is called a table, but it is an HTML page." in description
    assert "Sheet 'One', as CSV:" in description


@pytest.mark.slow
def test_the_outline_is_bounded_whatever_the_workbook() -> None:
    wide = b",".join(b"x" * 200 for _ in range(2_000)) + b"\n"
    assert len(outline([Sheet("s" * 31, 1, 2_000, wide * 20)] * 50)) < 25_000
