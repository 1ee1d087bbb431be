from __future__ import annotations

import pytest

from engine.core.brief import AttachedFile
from engine.core.workbooks import is_workbook, outline, wanted_tables
from engine.ports import Sheet
from tests.little_time import little_time

ONE = {"sales.xlsx": [Sheet("Sheet1", 2, 2, b"a,b\n1,2\n")]}
TWO = {"book.xlsx": [Sheet("North", 1, 1, b"n\n"), Sheet("South & East", 1, 1, b"s\n")]}


def made(text: str, books: dict[str, list[Sheet]], *present: str) -> list[tuple[str, str, str]]:
    return [(one.name, one.book, one.sheet.name) for one in wanted_tables([text], books, present)]


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
def test_a_workbook_is_told_by_its_bytes_and_where_they_are_damaged_by_its_name(
    name: str, media_type: str, content: bytes, yes: bool
) -> None:
    assert is_workbook(AttachedFile(name, media_type, content)) is yes


@pytest.mark.parametrize(
    "text",
    [
        "Convert sales.xlsx to data.csv and commit it.",
        "Show the sum of data.csv in #total.",
        "The repo has data.csv",
    ],
)
def test_a_csv_that_the_brief_names_and_nobody_attached_is_made(text: str) -> None:
    assert made(text, ONE) == [("data.csv", "sales.xlsx", "Sheet1")]
    assert made(text, ONE, "data.csv") == []


def test_nothing_is_made_that_nobody_asks_for() -> None:
    assert made("Show the rows of sales.xlsx.", ONE) == []
    assert made("A button downloads the rows as rows.csv.", ONE) == []
    assert made("Fetch https://x.test/data.csv too.", ONE) == []
    assert (
        made("Convert it to ../../data.csv", ONE) == []
        or made("Convert it to ../../data.csv", ONE)[0][0] == "sales.csv"
    )


def test_without_a_name_there_is_one_file_a_sheet() -> None:
    assert made("Convert the workbook to CSV.", ONE) == [("sales.csv", "sales.xlsx", "Sheet1")]
    assert made("Export the sheets as CSV files.", TWO) == [
        ("book-North.csv", "book.xlsx", "North"),
        ("book-South-East.csv", "book.xlsx", "South & East"),
    ]
    assert made("Convert it to CSV.", ONE, "sales.csv") == [("sales-2.csv", "sales.xlsx", "Sheet1")]


def test_names_find_their_sheets() -> None:
    assert made("Make south-east.csv and north.csv.", TWO) == [
        ("south-east.csv", "book.xlsx", "South & East"),
        ("north.csv", "book.xlsx", "North"),
    ]
    assert made("Save the sheet South & East as x.csv.", TWO) == [("x.csv", "book.xlsx", "South & East")]
    assert made("Save it as x.csv.", TWO) == [("x.csv", "book.xlsx", "North")]
    both = {**ONE, **TWO}
    assert made("Turn book.xlsx into x.csv.", both) == [("x.csv", "book.xlsx", "North")]


def test_the_outline_tells_sizes_columns_and_first_rows() -> None:
    text = "id,price\n" + "".join(f"{n},0.5\n" for n in range(1, 101))
    told = outline([Sheet("Sales", 101, 2, text.encode()), Sheet("Empty", 0, 0, b""), Sheet("One", 2, 1, b"a\nx\n")])
    assert told.splitlines() == [
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
    told = outline([Sheet("Page", 1, 1, b"<html>\n"), Sheet("One", 2, 1, b"a\nx\n")])
    assert "Sheet 'Page', as CSV: it is called a table, but it is an HTML page." in told
    assert "Sheet 'One', as CSV:" in told


def test_the_outline_is_bounded_whatever_the_workbook() -> None:
    wide = b",".join(b"x" * 200 for _ in range(2_000)) + b"\n"
    assert len(outline([Sheet("s" * 31, 1, 2_000, wide * 20)] * 50)) < 25_000


def test_a_hostile_brief_takes_no_time() -> None:
    with little_time():
        made("convert " * 40_000 + "a/" * 40_000 + ".csv" * 20_000 + "x" * 100_000, ONE)
