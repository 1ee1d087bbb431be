"""Runs the script of a simulated page in the JavaScript engine that Playwright brings, on a document of a few lines."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import playwright
import pytest

from engine.adapters.simulated_script import page_script
from engine.adapters.simulated_wishes import Figure

NODE = Path(playwright.__file__).parent / "driver" / "node"
CSV = '\ufeffregion,amount,price\r\n"nor,th",120.50,"$1,000.50"\r\n"say ""hi""",80,$2\r\n\r\neast,33.25,\r\n'
FIGURES = [
    Figure("sum", "data.csv", "amount", "sum"),
    Figure("average", "data.csv", "price", "average"),
    Figure("count", "data.csv", "", "count"),
    Figure("max", "data.csv", "amount", "max"),
    Figure("none", "data.csv", "region", "min"),
]
DOCUMENT = """
const made = {};
const element = () => ({ textContent: "", cells: [], rows: [],
  appendChild(child) { this.cells.push(child); return child; }, insertRow() { const row = element(); this.rows.push(row); return row; },
  createTHead() { return (this.tHead = element()); }, createTBody() { return (this.body = element()); }, querySelectorAll: () => [] });
globalThis.document = { getElementById: (id) => (made[id] ??= element()), createElement: element, querySelectorAll: () => [],
  addEventListener: (name, listener) => { globalThis.start = listener; } };
const FILES = %s;
globalThis.fetch = async (href) => ({ ok: href in FILES, status: 404, text: async () => FILES[href].replace(/^\\ufeff/, "") });
process.on("exit", () => console.log(JSON.stringify({
  texts: Object.fromEntries(Object.entries(made).map(([id, one]) => [id, one.textContent])),
  rows: (made.table?.body?.rows || []).map((row) => row.cells.map((cell) => cell.textContent)),
})));
"""


def run(files: dict[str, str], wanted: list[dict[str, str]]) -> dict[str, Any]:
    script = page_script(wanted, FIGURES).removeprefix("<script>").rstrip().removesuffix("</script>")
    program = f"{DOCUMENT % json.dumps(files)}\n{script}\nglobalThis.start();"
    done = subprocess.run([NODE, "-e", program], capture_output=True, text=True, timeout=30, check=True)
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    return run({"data.csv": CSV}, [{"name": "data.csv", "kind": "table", "id": "table", "status": "status"}])


@pytest.mark.processes
def test_quoted_cells_byte_order_marks_and_empty_lines_are_read(table: dict[str, Any]) -> None:
    assert table["rows"] == [["nor,th", "120.50", "$1,000.50"], ['say "hi"', "80", "$2"], ["east", "33.25", ""]]


def test_rows_and_totals_of_numeric_columns_are_told(table: dict[str, Any]) -> None:
    assert table["texts"]["status"] == "3 rows. Totals: amount: 233.75, price: 1002.5."


def test_figures_are_plain_numbers_computed_from_the_file(table: dict[str, Any]) -> None:
    shown = {figure.id: table["texts"][figure.id] for figure in FIGURES}
    assert shown == {"sum": "233.75", "average": "501.25", "count": "3", "max": "120.5", "none": "no numbers"}


@pytest.mark.processes
def test_a_missing_or_broken_file_is_said_and_never_made_up() -> None:
    wanted = [
        {"name": "a b.json", "kind": "json", "id": "json", "status": "s1"},
        {"name": "gone.md", "kind": "text", "id": "text", "status": "s2"},
    ]
    texts = run({"a%20b.json": "{"}, wanted)["texts"]
    assert texts["s1"].startswith("a b.json could not be shown: ")
    assert texts["s2"] == "gone.md could not be shown: status 404"


def test_no_name_can_end_the_script() -> None:
    script = page_script([{"name": "</script><b>", "kind": "text", "id": "i", "status": "s"}], [])
    assert script.count("</script>") == 1
