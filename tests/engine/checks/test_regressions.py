from __future__ import annotations

import pytest

from engine.checks.decision import repairable
from engine.checks.regressions import TEXT, removal_result, removed_names
from engine.domain.checks import Check, Kind, Target, Verdict


def gone(before: str, after: str = "", brief: str = "Make it blue.") -> list[str]:
    return removed_names({"index.html": before.encode()}, {"index.html": after.encode()}, brief)


@pytest.mark.parametrize(
    ("before", "named"),
    [
        ("<p id=total>", ["the id 'total'"]),
        ("<p class='a' id='total-1'><b id = \"x_y\">", ["the id 'total-1'", "the id 'x_y'"]),
        ("<p id=a1><p id=a1>", ["the id 'a1'"]),
        ("<svg><g id=chart></g></svg>", ["the id 'chart'"]),
        ("<p data-id=total id=''>", []),
        ("<!-- <p id=total> --><script>'<p id=total>'</script>", []),
        ("if (a < b) { const id = getId() }", []),
        ("<p>nothing to miss</p>", []),
    ],
)
def test_ids_that_are_gone_are_named_once(before: str, named: list[str]) -> None:
    assert gone(before) == named
    assert gone(before, before) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<script>function add(a, b) {}</script>", "<script>function sum(a, b) {}</script>"),
        ("<script>const add = (a) => a</script>", "<script>const sum = (a) => a</script>"),
        ("<h1>Sales</h1>", "<h1>Sales of 2026</h1>"),
        ("<h1>Dashboard</h1>", "<h1>Overview</h1>"),
    ],
)
def test_another_name_of_a_function_or_a_heading_is_no_loss(before: str, after: str) -> None:
    assert gone(before, after) == []


def test_an_id_that_moved_is_not_reported() -> None:
    before = {"index.html": b"<p id=total>"}
    assert removed_names(before, {"index.html": b"", "app.js": b"make('total')"}, "") == []


def test_an_id_that_only_a_readme_or_a_style_holds_is_reported() -> None:
    after = {"index.html": b"", "README.md": b"total", "s.css": b"#total {}"}
    assert removed_names({"index.html": b"<p id=total>"}, after, "") == ["the id 'total'"]
    assert removed_names({"README.md": b"<p id=total>"}, {"README.md": b""}, "") == []


def test_files_that_are_gone_are_named_first() -> None:
    before = {"index.html": b"<p id=total>", "data.csv": b"1"}
    assert removed_names(before, {}, "") == ["the file index.html", "the file data.csv", "the id 'total'"]


@pytest.mark.parametrize("brief", ["Drop the TOTAL and Data.csv.", "total DATA.CSV"])
def test_what_the_brief_names_is_meant_to_change(brief: str) -> None:
    assert removed_names({"index.html": b"<p id=total>", "data.csv": b"1"}, {"index.html": b""}, brief) == []


def test_bytes_that_are_no_text_and_pages_that_are_too_large_are_no_hindrance() -> None:
    assert removed_names({"a.html": b"\xff<p id=add>"}, {"a.html": b"\xfe\x00"}, "") == ["the id 'add'"]
    assert removed_names({"a.html": b"<p id=add>" * 50_000}, {"a.html": b""}, "") == []


def test_the_result_is_advice_that_names_what_is_missing() -> None:
    found = removal_result({"index.html": b"<p id=a1><b id=a2>"}, {"index.html": b""}, "")
    assert (found.check, found.target) == (Check(Kind.SOURCE, TEXT), Target.LOCAL)
    assert (found.verdict, found.detail) == (Verdict.FAIL, "gone since the round before: the id 'a1', the id 'a2'")
    assert repairable([found]) == []
    kept = removal_result({"index.html": b"<p id=a1>"}, {"index.html": b"<b id=a1>"}, "")
    assert (kept.verdict, kept.detail) == (Verdict.PASS, "")


@pytest.mark.parametrize(
    ("count", "end"), [(12, "the id 'n12'"), (13, "the id 'n12' and 1 more"), (40, "the id 'n12' and 28 more")]
)
def test_twelve_things_are_named_and_the_rest_counted(count: int, end: str) -> None:
    page = "".join(f"<p id=n{number:02}>" for number in range(1, count + 1)).encode()
    assert removal_result({"index.html": page}, {"index.html": b""}, "").detail.endswith(end)
