"""Templates that are filled in: for one seed always the same, and with the values that the data have."""

from __future__ import annotations

import base64
import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_app.rehearsal.criteria import HtmlCriterion, JsCriterion
from tasks_app.rehearsal.templates.filling import FilledTask, fill, filled_text, placeholders, task_id
from tasks_app.rehearsal.templates.reading import read_templates, read_templates_at

if TYPE_CHECKING:
    from tasks_app.rehearsal.templates.template import Template

PUBLISHED = Path(__file__).resolve().parents[3] / "samples" / "published_templates.yaml"
SALES, MARKDOWN, GITHUB = read_templates(read_templates_at(str(PUBLISHED)), source="published")

OURS = """
id: ours
brief: Seed ${seed}, region ${region}.
attachments:
  - name: data.csv
    generate: {kind: csv, rows: 30, columns: {id: id, region: region, sales: money, count: integer}}
  - {name: book.xlsx, generate: {kind: workbook, sheets: {One: {rows: 5}, Two: {columns: {n: integer}, rows: 4}}}}
  - {name: text.txt, generate: {kind: text, lines: 4, words: 3}}
  - {name: rates.json, generate: {kind: json}}
  - {name: fixed.txt, url: "data:text/plain,${name}"}
  - {name: there.csv, url: "https://a.example/${seed}.csv"}
result: {compute: mean, of: data.csv, column: count}
results:
  region: {compute: pick, of: data.csv, column: region}
  sum: {compute: sum, of: data.csv, column: sales, where: {region: "${region}"}}
  north: {compute: count, of: data.csv, where: {region: North}}
  min: {compute: min, of: data.csv, column: sales}
  max: {compute: max, of: data.csv, column: count}
  distinct: {compute: distinct, of: data.csv, column: region}
  top: {compute: top, of: data.csv, column: sales, by: region}
  totals: {compute: totals, of: data.csv, column: sales, by: region}
  list: {compute: list, of: book.xlsx, sheet: Two, column: n}
  first: {compute: value, of: data.csv, column: sales, where: {id: 1}}
  words: {compute: words, of: text.txt}
  lines: {compute: lines, of: text.txt}
  euro: {compute: value, of: rates.json, column: rate, where: {currency: EUR}}
checks:
  - "${region} ${sum} ${north} ${min} ${max} ${distinct} ${top} ${first} ${words} ${lines} ${euro} ${result}"
  - js: "[${totals}, ${list}]"
  - html: {numbers: {total: "${sum}"}}
  - {html: {ids: [a]}, says: "The id ${seed}."}
round2:
  - {brief: "One ${result}", checks: ["${region}"], result: {compute: count, of: data.csv}}
  - {brief: "Two ${result}", checks: ["${region}"]}
  - {brief: "Three ${min}", checks: [a], results: {min: {compute: min, of: data.csv, column: id}}}
"""


def ours() -> Template:
    (template,) = read_templates(OURS, source="ours")
    return template


def content(filled: FilledTask, name: str) -> bytes:
    (url,) = (attachment["url"] for attachment in filled.attachments if attachment["name"] == name)
    return base64.b64decode(url.partition(";base64,")[2], validate=True)


def rows_of(filled: FilledTask, name: str = "data.csv") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(filled, name).decode())))


# --- The published form -----------------------------------------------------------------------------------------------


def test_the_result_of_a_csv_is_the_sum_of_its_sales() -> None:
    filled = fill(SALES, seed="a1b2", round=1)
    total = sum(Decimal(row["sales"]) for row in rows_of(filled))
    assert f"- {total}) < 0.01" in str(filled.checks)
    assert filled.checks[0] == {"js": "document.title === `Sales Summary a1b2`"}
    assert '"Sales Summary a1b2"' in filled.brief


def test_later_rounds_ask_about_the_data_of_the_first() -> None:
    total = sum(Decimal(row["sales"]) for row in rows_of(fill(SALES, seed="x", round=1)))
    later = [fill(SALES, seed="x", round=number) for number in (2, 3, 4)]
    assert len({one.brief for one in later}) == 3
    (table,) = (one for one in later if "#product-sales" in one.brief)
    assert f"sum - {total}" in str(table.checks)
    (rates,) = (one for one in later if "rates.json" in one.brief)
    assert json.loads(content(rates, "rates.json"))["USD"] == 1
    assert fill(SALES, seed="x", round=5) == later[0]


def test_media_types_get_their_files() -> None:
    filled = fill(MARKDOWN, seed="x", round=1)
    assert filled.attachments[0]["url"].startswith("data:text/markdown;base64,")
    assert content(filled, "input.md").startswith(b"# ")


def test_the_seed_stands_in_names_of_the_page() -> None:
    filled = fill(GITHUB, seed="x9", round=1)
    assert 'id="github-user-x9"' in filled.brief
    assert filled.checks[0] == {"js": 'document.querySelector("#github-user-x9").tagName === "FORM"'}
    assert filled.attachments == []


# --- Our own ----------------------------------------------------------------------------------------------------------


def test_values_are_those_of_the_data() -> None:
    filled = fill(ours(), seed="s", round=1)
    rows = rows_of(filled)
    region, *numbers = filled.checks[0].split(" ")
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["region"]] = sums.get(row["region"], Decimal()) + Decimal(row["sales"])
    counts = [int(row["count"]) for row in rows]
    rate = json.loads(content(filled, "rates.json"))["EUR"]
    assert filled.brief == f"Seed s, region {region}."
    assert numbers[:4] == [
        str(sums[region]),
        str(sum(row["region"] == "North" for row in rows)),
        str(min(Decimal(row["sales"]) for row in rows)),
        str(max(counts)),
    ]
    assert numbers[4:9] == ["4", max(sums, key=lambda one: sums[one]), rows[0]["sales"], "12", "4"]
    assert float(numbers[9]) == rate
    assert abs(float(numbers[10]) - sum(counts) / 30) <= 0.005
    totals, column = json.loads(filled.checks[1]["js"])
    assert totals == {name: float(total) for name, total in sums.items()}
    assert len(column) == 4
    html = filled.criteria[2]
    assert isinstance(html, HtmlCriterion)
    assert html.html.numbers == {"total": float(sums[region])}


def test_only_what_is_said_is_sent() -> None:
    filled = fill(ours(), seed="s", round=1)
    assert len(filled.criteria) == 4
    assert filled.checks[2:] == ["The id s."]
    assert filled.attachments[4:] == [
        {"name": "fixed.txt", "url": "data:text/plain,${name}"},
        {"name": "there.csv", "url": "https://a.example/s.csv"},
    ]


def test_a_variant_has_its_own_values_and_those_of_the_first_round() -> None:
    first = fill(ours(), seed="s", round=1)
    briefs = {one.brief: one for one in (fill(ours(), seed="s", round=number) for number in (2, 3, 4))}
    mean = first.checks[0].rpartition(" ")[2]
    assert briefs.keys() == {"One 30", f"Two {mean}", "Three 1"}
    assert briefs["One 30"].checks == [first.checks[0].partition(" ")[0]]


def test_seeds_and_templates_differ() -> None:
    one, other = (fill(SALES, seed=seed, round=1) for seed in ("1", "2"))
    assert one.attachments != other.attachments
    renamed = SALES.model_copy(update={"id": "other"})
    assert fill(renamed, seed="1", round=1).attachments != one.attachments
    assert len({fill(SALES, seed=str(seed), round=2).brief for seed in range(20)}) == 3


def test_a_task_id_is_the_template_and_a_hash() -> None:
    assert task_id(SALES, salt="a@b.example") == task_id(SALES, salt="a@b.example") == "sum-of-sales-ebb18a03"
    assert task_id(SALES, salt="") != task_id(SALES, salt="a@b.example")


# --- Places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${a}", "1"),
        ("`${a} ${b} ${a}`", "`1 ${b} 1`"),
        ("${${a}[0]}", "${1[0]}"),
        ("${a", "${a"),
        ("$a {a} ${ a }", "$a {a} ${ a }"),
        ("$${a}", "$1"),
        ("${c}", "${a}"),
    ],
)
def test_only_places_of_known_names_are_filled(text: str, filled: str) -> None:
    assert filled_text(text, {"a": "1", "c": "${a}"}) == filled


@given(st.text("ab${} ", max_size=40))
def test_a_text_without_known_places_stays(text: str) -> None:
    assert filled_text(text, {"seed": "x"}) == text
    values = {name: f"${{{name}}}" for name in placeholders(text)}
    assert filled_text(text, values) == text


@given(st.text(min_size=1, max_size=64), st.integers(1, 9))
def test_any_seed_fills_the_published_templates(seed: str, number: int) -> None:
    for template in (SALES, MARKDOWN, GITHUB):
        filled = fill(template, seed=seed, round=number)
        assert filled == fill(template, seed=seed, round=number)
        assert "${result}" not in str(filled.checks) or "${result}" in seed
        assert all(isinstance(criterion, JsCriterion) for criterion in filled.criteria)
