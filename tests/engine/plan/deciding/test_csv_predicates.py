"""Predicates about a CSV file: its columns, and the values of a sheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.plan.deciding.test_decide import FAIL, PASS, UNVERIFIABLE, decided

if TYPE_CHECKING:
    from engine.domain.checks import Verdict

SHEET = b"date,region,units,price,paid\n2024-01-02,North,3,0.3,TRUE\n2024-01-03T10:30:00,007,12,5,\n"
EQUAL = (PASS, "the same rows as data.xlsx")


def compared(content: bytes, sheet: bytes = SHEET) -> tuple[Verdict, str]:
    predicate = {"kind": "csv_equals", "path": "data.csv", "workbook": "data.xlsx"}
    return decided(predicate, {"data.csv": content}, sheets={("data.xlsx", ""): sheet})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"", b""),
        (b"\n", b"\r\n"),
        (b"date", b"\xef\xbb\xbfdate"),
        (b",\n", b"\n"),
        (b",\n", b",,\n\n\n"),
        (b",", b";"),
        (b",", b"\t"),
        (b"North", b'" North "'),
        (b",3,", b",3.0,"),
        (b"0.3", b"0.30000000000000004"),
        (b"0.3", b".3"),
        (b"0.3", b"3e-1"),
        (b"2024-01-02", b"2024-01-02 00:00:00"),
        (b"T10:30:00", b" 10:30"),
        (b"TRUE", b"True"),
    ],
)
def test_values_that_are_written_otherwise_are_the_same(old: bytes, new: bytes) -> None:
    assert compared(SHEET.replace(old, new)) == EQUAL


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        (b"0.3", b"0.31", "row 2, column 'price': '0.31' instead of '0.3' (the header is row 1)"),
        (b",12,", b',"1,2",', "row 3, column 'units': '1,2' instead of '12' (the header is row 1)"),
        (b"007", b"7", "row 3, column 'region': '7' instead of '007' (the header is row 1)"),
        (b"North", b"north", "row 2, column 'region': 'north' instead of 'North' (the header is row 1)"),
        (b",3,", b",,", "row 2, column 'units': '' instead of '3' (the header is row 1)"),
        (b"2024-01-02", b"2024-01-02 00:01",
            "row 2, column 'date': '2024-01-02 00:01' instead of '2024-01-02' (the header is row 1)"),
        (b"date,", b"day,", "row 1, column 'date': 'day' instead of 'date' (the header is row 1)"),
        (b"12,5,", b"12,5,,x", "row 3, column 6: 'x' instead of '' (the header is row 1)"),
        (b"12,5,\n", b"12,5,\n1,2,3,4\n", "row 4 is one too many (the header is row 1)"),
        (b"2024-01-03T10:30:00,007,12,5,\n", b"", "row 3 is missing (the header is row 1)"),
    ],
)  # fmt: skip
def test_the_first_value_that_differs_is_named(old: bytes, new: bytes, seen: str) -> None:
    assert compared(SHEET.replace(old, new)) == (FAIL, seen)


def test_a_sheet_is_found_by_its_name_whatever_its_capitals() -> None:
    predicate = {"kind": "csv_equals", "path": "a.csv", "workbook": "data.xlsx", "sheet": "sales"}
    sheets = {("data.xlsx", ""): b"x\n", ("data.xlsx", "Sales"): b"a\n1\n"}
    assert decided(predicate, {"a.csv": b"a\n1\n"}, sheets=sheets) == EQUAL


@pytest.mark.parametrize(("sheet", "said"), [("", "the first sheet"), ("Sales", "the sheet 'Sales'")])
def test_a_sheet_that_could_not_be_read_decides_nothing(sheet: str, said: str) -> None:
    predicate = {"kind": "csv_equals", "path": "a.csv", "workbook": "data.xlsx", "sheet": sheet}
    assert decided(predicate, {"a.csv": b"a\n"}) == (UNVERIFIABLE, f"{said} of data.xlsx could not be read")


def test_a_cell_that_is_too_large_decides_nothing() -> None:
    content = b'"' + b"x" * 200_000 + b'"\n'
    assert compared(content, b"x\n")[0] is UNVERIFIABLE


@given(
    st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=3), min_size=1, max_size=4),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_rows_equal_themselves(rows: list[list[str]], ends: str) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator=ends).writerows(rows)
    content = written.getvalue().encode("utf-8", "surrogatepass")
    assert compared(content, content) == EQUAL


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("id,name\n1,x", (PASS, "2 columns")),
        ('\ufeffid; "name"\r\n', (PASS, "2 columns")),
        ("id\tname", (PASS, "2 columns")),
        ('"id","name"\n', (PASS, "2 columns")),
        ("name,id", (FAIL, "its columns stand in another order: 'name', 'id'")),
        ("id,Name", (FAIL, "it lacks the columns 'name'; it has further columns 'Name'")),
        ("id,name,size", (FAIL, "it has further columns 'size'")),
        ("id", (FAIL, "it lacks the columns 'name'")),
        ("", (FAIL, "it lacks the columns 'id', 'name'")),
    ],
)
def test_columns_are_named_in_their_order(content: str, expected: tuple[Verdict, str]) -> None:
    predicate = {"kind": "csv_columns", "path": "a.csv", "columns": ["id", "name"]}
    assert decided(predicate, {"a.csv": content.encode()}) == expected


def test_a_separator_inside_of_quotes_separates_nothing() -> None:
    predicate = {"kind": "csv_columns", "path": "a.csv", "columns": ["a;b;c", "d"]}
    assert decided(predicate, {"a.csv": b'"a;b;c",d\n'})[0] is PASS
