from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.formats.columns import column_phrase, number_phrase, text_phrase


@pytest.mark.parametrize(
    ("cells", "phrase"),
    [
        (["3", "17", "3"], "integer, 3 to 17, 2 different"),
        (["3", "4", "5"], "integer, 3 to 5, ascending, all different"),
        (["5", "4", "4"], "integer, 4 to 5, descending, 2 different"),
        (["7", "7"], "integer, always 7"),
        (["0.5", "-2", "1e3"], "number, -2 to 1e3, all different"),
        (["1", "", " 2 ", ""], "integer, 1 to 2; 2 empty"),
        (["", " "], "empty"),
        (["1", "2", "3", "4", "n/a"], 'integer, 1 to 4, ascending, all different, but for 1: "n/a"'),
        (["1", "n/a"], 'text, 2 different: "1", "n/a"'),
        (["007", "012"], "digits with leading zeros, 007 to 012"),
        (
            ["9007199254740993", "1"],
            "integer, 1 to 9007199254740993, beyond 2^53, where JavaScript's numbers are rounded",
        ),
    ],
)
def test_numbers_are_described_by_their_range_order_and_exceptions(cells: list[str], phrase: str) -> None:
    assert column_phrase(cells) == phrase


@pytest.mark.parametrize(
    ("cells", "phrase"),
    [
        (["$1,200.50", "$80"], "number with $ and a comma between thousands and a decimal point, $80 to $1,200.50"),
        (
            ["1.200,50 €", "-80 €"],
            "number with € and a point between thousands and a decimal comma, -80 € to 1.200,50 €",
        ),
        (["3,5", "10,25"], "number with a decimal comma, 3,5 to 10,25"),
        (["12 %", "7%"], "number with %, 7% to 12 %"),
        (["1 200", "800"], "number with a gap between thousands, 800 to 1 200"),
        (["1,200", "3,400"], "number with a comma that may stand between thousands or before decimals, 1,200 to 3,400"),
        (["A100", "A200"], 'text, 2 different: "A100", "A200"'),
        (["1,2,3", "4,5,6"], 'text, 2 different: "1,2,3", "4,5,6"'),
    ],
)
def test_numbers_as_people_write_them_are_described_by_their_signs(cells: list[str], phrase: str) -> None:
    assert column_phrase(cells) == phrase


@pytest.mark.parametrize(
    ("cells", "phrase"),
    [
        (["2024-02-03", "2024-01-02"], "date, 2024-01-02 to 2024-02-03"),
        (["2024-01-02T10:00:00Z", "2024-01-02 11:30"], "date and time, 2024-01-02 11:30 to 2024-01-02T10:00:00Z"),
        (["31/12/2023", "01/02/2024"], "date with the day first, 31/12/2023 to 01/02/2024"),
        (["12/31/2023", "01/02/2024"], "date with the month first, 12/31/2023 to 01/02/2024"),
        (["02.01.2024", "01.02.2024"], "date with the day first, 02.01.2024 to 01.02.2024"),
        (
            ["01/02/2024", "03/04/2024"],
            (
                'date with the day or the month first, the cells do not tell which, 2 different: "01/02/2024", '
                '"03/04/2024"'
            ),
        ),
        (["31/31/2024", "1/1/2024"], 'text, 2 different: "31/31/2024", "1/1/2024"'),
    ],
)
def test_dates_are_described_by_their_range_and_the_order_of_their_parts(cells: list[str], phrase: str) -> None:
    assert column_phrase(cells) == phrase


@pytest.mark.parametrize(
    ("cells", "phrase"),
    [
        (["yes", "no", "yes"], 'text, 2 different: "yes", "no"'),
        (["x", "x"], 'text, always "x"'),
        (
            [f"name {number:03}" for number in range(20)],
            'text, ascending, all different, such as "name 000", "name 001", "name 002"',
        ),
        ([f"name {number % 9}" for number in range(20)], 'text, 9 different, such as "name 0", "name 1", "name 2"'),
        (
            ["y", "x" * 300, "z"],
            f'text, all different, up to 300 characters, such as "y", "{"x" * 40}…", "z"',
        ),
        (['a "b"\n'], 'text, always "a \\"b\\""'),
    ],
)
def test_texts_are_listed_where_they_are_few_and_counted_where_they_are_many(cells: list[str], phrase: str) -> None:
    assert column_phrase(cells) == phrase


def test_nothing_is_summed_up() -> None:
    assert "499500" not in column_phrase([str(number) for number in range(1_000)])


def test_values_of_json_say_whether_numbers_stand_in_texts() -> None:
    assert number_phrase([2, 1.5]) == "number, 1.5 to 2"
    assert text_phrase(["2021", "2020"], "text ({})") == "text (integer), 2020 to 2021"


@given(st.lists(st.text(max_size=80), max_size=30))
def test_any_cells_are_described_within_bounds(cells: list[str]) -> None:
    assert 0 < len(column_phrase(cells)) < 700


@pytest.mark.slow
@given(
    st.lists(st.from_regex(r"[-+]?[$€]?[0-9][0-9,. ']{0,8}[0-9]?[ ]?[%€]?", fullmatch=True), min_size=1, max_size=20)
)
def test_any_figures_are_described(cells: list[str]) -> None:
    assert column_phrase(cells)


@pytest.mark.parametrize(
    "cell", ["1e999999999", "9" * 39, "1e-400", "-1e399", "٣", "1" * 5_000, "nan", "inf", "1,.5", "$", "%"]
)
def test_odd_numbers_break_nothing(cell: str) -> None:
    assert column_phrase([cell, cell, "1"])
