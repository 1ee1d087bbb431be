from __future__ import annotations

from contextlib import suppress

import pytest

from engine.formats.tables import Table, is_regular, read_table
from tests.little_time import LARGE, little_time


def table(text: str) -> Table:
    found = read_table(text)
    assert found is not None
    return found


def facts(text: str) -> list[str]:
    return table(text).facts()


def test_a_table_is_described_by_separator_header_rows_and_columns() -> None:
    assert facts("region;price;when\nnorth;1.5;2024-01-02\nsouth;20;2024-02-03\n") == [
        "Table: separator ';', header in line 1, 2 rows below it, 3 columns.",
        "No field is quoted.",
        "Columns:",
        '- region: text, 2 different: "north", "south"',
        "- price: number, 1.5 to 20",
        "- when: date, 2024-01-02 to 2024-02-03",
    ]


@pytest.mark.parametrize(
    ("text", "separator", "header"),
    [
        (
            '"Last, First";"City, State";Amount\n"Doe, J";"Springfield, IL";3\n',
            ";",
            ["Last, First", "City, State", "Amount"],
        ),
        ("sep=;\nName;Amount\nA;1\n", ";", ["Name", "Amount"]),
        ("SEP=|\nName|A,B\nA|1\n", "|", ["Name", "A,B"]),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";", ["a", "b"]),
        ("name,tags\nx,a;b;c\ny,d;e\n", ",", ["name", "tags"]),
        ("a\tb, c\n1\t2, 3\n", "\t", ["a", "b, c"]),
        ('a, "b, c"\n1, "2, 3"\n', ",", ["a", "b, c"]),
        ("one\n1\n", ",", ["one"]),
    ],
)
def test_the_separator_is_what_divides_all_lines_alike(text: str, separator: str, header: list[str]) -> None:
    found = table(text)
    assert (found.separator, found.header) == (separator, header)


def test_the_line_of_spreadsheet_programs_is_named_and_no_header() -> None:
    found = facts("sep=;\nName;Amount\nA;1\n")
    assert found[0] == "Table: separator ';', header in line 2, 1 row below it, 2 columns."
    assert found[1] == "Its first line names the separator for spreadsheet programs; it is no data."


def test_lines_above_the_header_and_lines_that_are_no_rows_are_named() -> None:
    text = (
        "Sales report 2024\n\n# made on Monday, by hand, quickly\nregion,amount\nnorth,1\n\n,\n# the end\nsouth,2\n\n"
    )
    assert facts(text)[:3] == [
        "Table: separator ',', header in line 4, 2 rows below it, 2 columns.",
        'Above the header stand 2 lines of text: "Sales report 2024", "# made on Monday  by hand  quickly".',
        "Not counted as rows: 2 blank lines, 1 all-empty row, 1 comment line.",
    ]


@pytest.mark.parametrize(
    ("text", "header_line"),
    [
        ("Oslo,5,2024-01-01\nBergen,6,2024-01-02\n", 0),
        ("1\n2\n3\n", 0),
        ("Country,2019,2020\nA,1,2\nB,3,4\n", 1),
        (",value\n0,5\n1,6\n", 1),
        ("#,Name\n1,A\n2,B\n", 1),
        ("a,b\nx,y\n", 1),
        ("a,b\n", 1),
    ],
)
def test_a_first_line_of_values_is_taken_for_a_row(text: str, header_line: int) -> None:
    found = table(text)
    assert found.header_line == header_line
    assert found.count == text.count("\n") - (1 if header_line else 0)


def test_columns_without_a_header_have_numbers() -> None:
    assert facts("Oslo,5\nBergen,6\n") == [
        "Table: separator ',', no header, as it seems, 2 rows, 2 columns.",
        "No field is quoted.",
        "Columns:",
        '- (column 1): text, 2 different: "Oslo", "Bergen"',
        "- (column 2): integer, 5 to 6",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a,b\n"x",1\n', "Some fields are quoted; none holds the separator, a line end or a quotation mark."),
        ('a,b\n"x, y",1\n"p ""q""",2\n', "Some fields are quoted; 1 holds the separator, 1 holds a quotation mark."),
        ('a,b\n"x\ny",1\n', "Some fields are quoted; 1 holds a line end."),
        ('a,b\n5" pipe,1\n', "No field is quoted."),
        ("a,b\n1,2,3\n4\n5,6\n", "Not all rows have 2 fields: 1 row of 1, 1 row of 3."),
        ("a, b\n 1,2\n", "Fields that begin or end with white space: 2."),
        ("a,b\n1,2\n1,2\n3,4\n", "Rows that repeat an earlier one in every cell: 1."),
        ("a,a\n1,2\n", 'Columns of the same name: "a".'),
        ('a,b\n1,"x\n2,y\n', "It has an odd number of quotation marks: one may not be closed."),
        (",b,\n1,2,3\n", "Columns without a name: 2."),
        ("a,b 1,2 3,4", "It is a table without rows: its line ends may have been lost."),
        ("a,b\n", "It is a table without rows."),
    ],
)
def test_what_would_trip_a_program_is_named(text: str, line: str) -> None:
    assert line in facts(text)


@pytest.mark.parametrize(
    ("sign", "said"),
    [
        ("\x0e", "U+000E stands"),
        ("\x0b", "U+000B stands"),
        ("\u2028", "U+2028 stands"),
        ("\\n", "the characters \\n stand"),
        ("\\r\\n", "the characters \\r\\n stand"),
    ],
)
def test_rows_whose_line_ends_were_lost_are_found_by_what_stands_in_their_place(sign: str, said: str) -> None:
    found = table(sign.join(["Product,Sales", "A,1000", "B,500"]))
    assert (found.header, found.rows, found.lost_end) == (["Product", "Sales"], [["A", "1000"], ["B", "500"]], sign)
    assert found.fault() == f"is a table whose line ends were lost: {said} in their place"


def test_text_of_lines_keeps_a_sign_that_could_divide_it() -> None:
    assert table("a,b\nx\x0ey,1\n").rows == [["x\x0ey", "1"]]


def test_a_header_of_several_lines_is_counted_from_its_first() -> None:
    assert table('"a\nb",c\n1,2\n').header_line == 1


def test_a_page_and_an_endless_field_are_no_tables() -> None:
    with pytest.raises(ValueError, match=r"^is called a table, but it is an HTML page$"):
        read_table("\n<!DOCTYPE html><p>Not found, sorry")
    with pytest.raises(
        ValueError, match=r"^is called a table, but a field in line \d+ is longer than 131,072 characters$"
    ):
        read_table('a,b\n1,"' + "x,y\n" * 50_000)


@pytest.mark.parametrize("text", ["", "\n\n", " \n,,\n"])
def test_without_a_filled_cell_there_is_no_table(text: str) -> None:
    assert read_table(text) is None


@pytest.mark.parametrize(
    ("text", "regular"),
    [
        ("a\tb\n1\t2\n3\t4\n", True),
        ("a,b,c\n1,2,3\n4,5,6\n", True),
        ("a,b\n1,2\n3,4\n", False),
        ("Well, yes.\nNo, not at all, I think.\nMaybe.\n", False),
        ("a;b\n1;2\n", False),
        ("", False),
    ],
)
def test_text_is_a_table_where_all_its_lines_are_divided_alike(text: str, regular: bool) -> None:
    assert is_regular(text) is regular


def test_many_columns_stay_within_bounds() -> None:
    names = [f"column number {number}" for number in range(500)]
    text = ",".join(names) + "\n" + ",".join(["some words"] * 500) + "\n"
    found = facts(text)
    assert len("\n".join(found)) < 3_000
    assert found[-1].startswith("- and 470 columns more: column number 30, ")


@pytest.mark.slow
def test_a_huge_table_takes_little_time_and_says_how_much_of_it_was_read() -> None:
    text = "a,b,c,d\n" + "1.5,2,3,4\n" * 300_000
    with little_time(LARGE):
        found = facts(text)
    assert found[0] == "Table: separator ',', header in line 1, 300,000 rows below it, 4 columns."
    assert "Columns, over the first 250,000 rows:" in found


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ['"' * 400_000, "a,b\n" + "," * 400_000, "x," + " " * 400_000 + '"', "sep=,\n" * 70_000]
)
def test_hostile_tables_take_little_time(text: str) -> None:
    with little_time(), suppress(ValueError):
        read_table(text)
