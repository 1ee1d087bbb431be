from __future__ import annotations

import pytest

from engine.core.tables import read_table, table_shape
from tests.little_time import LARGE, little_time


def totals(text: str) -> dict[str, str]:
    table = read_table(text)
    return dict(table.totals) if table else {}


def test_totals_are_over_all_rows_and_exact() -> None:
    rows = "".join(f"{n},0.1,{n % 3}\n" for n in range(1, 1_001))
    assert totals("id,part,rest\n" + rows) == {
        "id": "sum 500500, min 1, max 1000",
        "part": "sum 100, min 0.1, max 0.1",
        "rest": "sum 1000, min 0, max 2",
    }


def test_a_column_with_anything_else_in_it_has_no_total() -> None:
    rows = "1,a,1,\n" * 300 + "x,b,2,\n"
    assert totals("mixed,text,number,empty\n" + rows) == {"number": "sum 302, min 1, max 2"}


def test_the_line_says_how_many_rows_it_covers(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a\n1\n2\n3\n"
    assert "Totals over all rows, " in "\n".join(table_shape(text))
    monkeypatch.setattr("engine.core.tables.MOST_SUMMED", 2)
    assert any(line.startswith("Totals over the first 2 rows") and "sum 3," in line for line in table_shape(text))


@pytest.mark.parametrize("cell", ["1e999999999", "9" * 39, "1e-400", "-1e399", "٣", "1" * 5_000, "nan", "inf"])
def test_odd_numbers_break_nothing(cell: str) -> None:
    table_shape(f"a\n{cell}\n{cell}\n")


def test_a_huge_table_takes_little_time() -> None:
    text = "a,b,c,d\n" + "1.5,2,3,4\n" * 300_000
    with little_time(LARGE):
        assert "Totals over the first 125,000 rows" in "\n".join(table_shape(text))
