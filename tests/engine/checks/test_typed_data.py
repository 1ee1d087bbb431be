from __future__ import annotations

import pytest

from engine.checks.typed_data import typed_tables

SALES = b"product,region,sales\r\nLamp,North,120.50\r\nDesk,South,349.00\r\nChair,North,89.25\r\n"
TYPED = (
    "<tbody>\n<tr><td>Lamp</td>\n<td>North</td><td>120.50</td></tr>"
    "<tr><td>Desk</td><td>South</td><td>349.00</td></tr></tbody>"
)


def found(source: str, **files: bytes) -> list[tuple[str, int, str]]:
    return list(typed_tables(source, {name.replace("_", "."): content for name, content in files.items()}))


def test_rows_typed_into_the_markup_are_found() -> None:
    assert found(TYPED, sales_csv=SALES) == [("sales.csv", TYPED.index("Lamp"), "Lamp, North, 120.50")]


@pytest.mark.parametrize(
    "script",
    [
        "const rows = [['Lamp', 'North', 120.50], ['Desk', 'South', 349.00], ['Chair', 'North', 89.25]];",
        (
            "const rows = [{product: 'Lamp', region: 'North', sales: '120.50'}, "
            "{product: 'Desk', region: 'South', sales: '349.00'}];"
        ),
        "const text = `product,region,sales\nLamp,North,120.50\nDesk,South,349.00`;",
    ],
)
def test_rows_typed_into_a_script_are_found(script: str) -> None:
    assert [table for table, _, _ in found(f"<script>{script}</script>", sales_csv=SALES)] == ["sales.csv"]


@pytest.mark.parametrize(
    "page",
    [
        "<script>fetch('sales.csv')</script><table><thead><tr><th>product<th>region<th>sales</table>",
        "<p>For example: Lamp in the North made 120.50.",  # one row may be an example
        "<p>Lampshade Northern 120.505 Desktop Southern 349.001",
        f"<p>Lamp{'.' * 300}North 120.50 <p>Desk{'.' * 300}South 349.00",
    ],
)
def test_a_page_that_reads_its_data_types_none(page: str) -> None:
    assert found(page, sales_csv=SALES) == []


def test_rows_that_say_too_little_and_other_files_are_left_alone() -> None:
    assert found("<p>1 2 3 4", numbers_csv=b"a,b\n1,2\n3,4\n") == []
    assert found(TYPED, sales_txt=SALES) == []
    assert found(TYPED, sales_csv=b"") == []
    assert found("x", sales_csv=b'a,b\n"' + b"x" * 200_000 + b'",y\n') == []


def test_a_page_made_to_be_slow_is_through_at_once() -> None:
    table = b"a,b\n" + b"aaaa,aaab\n" * 1000
    assert found("aaaa " * 200_000, big_csv=table) == []
