from __future__ import annotations

import pytest

from engine.core.checks import Check, Kind, Target, Verdict
from engine.core.vanished import TEXT, vanished, vanished_result


def gone(before: str, after: str = "", brief: str = "Make it blue.") -> list[str]:
    return vanished({"index.html": before.encode()}, {"index.html": after.encode()}, brief)


@pytest.mark.parametrize(
    ("before", "named"),
    [
        ("<p id=total>", ["the id 'total'"]),
        ("<p class='a' id='total-1'><b id = \"x_y\">", ["the id 'total-1'", "the id 'x_y'"]),
        ("function add(a, b) {}", ["the function 'add'"]),
        ("async function load() {}", ["the function 'load'"]),
        ("const add = (a, b) => a + b", ["the function 'add'"]),
        ("let add = a => a", ["the function 'add'"]),
        ("var add = function () {}", ["the function 'add'"]),
        ("const $load = async (url) => 1", ["the function '$load'"]),
        ("<h1>Sales</h1><h2 class=a> By region\n</h2>", ["the heading 'Sales'", "the heading 'By region'"]),
        ("<H4>Sales</H4>", ["the heading 'Sales'"]),
        ("<p id=a1><p id=a1>", ["the id 'a1'"]),
        ("<p data-id=total>", []),
        ("<h5>Sales</h5><h1></h1><h2> </h2>", []),
        ("const total = 3; let sum = add(1)", []),
        ("if (a < b) { const id = getId() }", []),
        ("<p>nothing to miss</p>", []),
    ],
)
def test_ids_functions_and_headings_that_are_gone_are_named_once(before: str, named: list[str]) -> None:
    assert gone(before) == named
    assert gone(before, before) == []


def test_what_stands_elsewhere_now_is_not_gone() -> None:
    before = {"index.html": b"<p id=total><script>function add() {}</script><h1>Sales</h1>"}
    after = {"index.html": b"<h2>Sales</h2>", "app.js": b"const add = 1; make('total')"}
    assert vanished(before, after, "") == []


def test_what_stands_only_in_a_readme_or_a_style_now_is_gone() -> None:
    after = {"index.html": b"", "README.md": b"total", "s.css": b"#total {}"}
    assert vanished({"index.html": b"<p id=total>"}, after, "") == ["the id 'total'"]
    assert vanished({"README.md": b"<p id=total>"}, {"README.md": b""}, "") == []


def test_files_that_are_gone_are_named_first() -> None:
    before = {"index.html": b"<p id=total>", "data.csv": b"1"}
    assert vanished(before, {}, "") == ["the file index.html", "the file data.csv", "the id 'total'"]


@pytest.mark.parametrize(
    "brief", ["Drop the TOTAL, add(), the sales by region and Data.csv.", "total add sales DATA.CSV"]
)
def test_what_the_brief_names_is_meant_to_change(brief: str) -> None:
    page = b"<p id=total><script>function Add() {}</script><h1>Sales</h1>"
    assert vanished({"index.html": page, "data.csv": b"1"}, {"index.html": b""}, brief) == []


def test_bytes_that_are_no_text_are_no_hindrance() -> None:
    assert vanished({"a.js": b"\xff function add() {}"}, {"a.js": b"\xfe\x00"}, "") == ["the function 'add'"]


def test_the_result_is_advice_that_names_what_is_gone() -> None:
    found = vanished_result({"index.html": b"<p id=a1><h1>Sales</h1>"}, {"index.html": b""}, "")
    assert (found.check, found.target) == (Check(Kind.SOURCE, TEXT), Target.LOCAL)
    assert (found.verdict, found.detail) == (
        Verdict.FAIL,
        "gone since the round before: the id 'a1', the heading 'Sales'",
    )
    kept = vanished_result({"index.html": b"<p id=a1>"}, {"index.html": b"<b id=a1>"}, "")
    assert (kept.verdict, kept.detail) == (Verdict.PASS, "")


@pytest.mark.parametrize(
    ("count", "end"), [(12, "the id 'n12'"), (13, "the id 'n12' and 1 more"), (40, "the id 'n12' and 28 more")]
)
def test_twelve_things_are_named_and_the_rest_counted(count: int, end: str) -> None:
    page = "".join(f"<p id=n{number:02}>" for number in range(1, count + 1)).encode()
    assert vanished_result({"index.html": page}, {"index.html": b""}, "").detail.endswith(end)
