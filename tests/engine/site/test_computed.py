"""What a build script gets, which files it may make, and the page's marked places."""

from __future__ import annotations

import json

import pytest

from engine.domain.browser_report import Fill
from engine.domain.paths import UnsafePath
from engine.site.computed import computed_path, filled, script_inputs, without_fills
from engine.site.repository_files import insert_marker

MARKED = """<!DOCTYPE html>\r
<html lang="de"><head><meta charset="utf-8"><title data-computed="heading">Old</title></head>\r
<body>😀 Größe\r
<p>Max: <b id=max data-computed=max class='x'></b>, again: <i data-computed="max">1,\r
5</i></p>\r
<script type="application/json" data-computed="rows">[]</script>\r
<script>const text = '<b data-computed="no">';</script>\r
</body></html>\r
"""


def fill(value: object) -> Fill:
    return Fill(json.dumps(value), None if isinstance(value, dict | list) else str(value))


def test_marked_places_are_filled_and_all_other_bytes_stay() -> None:
    fills = {"heading": fill("a < b & c"), "max": fill(2.5), "rows": fill([{"a": "</script><b>"}])}
    page, problems = filled(MARKED.encode(), fills)
    assert problems == []
    expected = (
        MARKED.replace(">Old<", ">a &lt; b &amp; c<")
        .replace("class='x'></b>", "class='x'>2.5</b>")
        .replace(">1,\r\n5</i>", ">2.5</i>")
        .replace(">[]<", '>[{"a": "\\u003c/script>\\u003cb>"}]<')
    )
    assert page.decode() == expected
    assert filled(page, fills) == (page, [])  # the marks stay, so a later round fills them again


def test_bytes_that_are_no_text_stay() -> None:
    page = b"<p>\xff\xfe<b data-computed=a>x</b>\xff"
    assert filled(page, {"a": fill("\xfc")}) == (b"<p>\xff\xfe<b data-computed=a>\xc3\xbc</b>\xff", [])


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ({"a": "<"}, '{"a": "\\u003c"}'),
        ('{"a": 1}', '{"a": 1}'),  # a text that is JSON already
        (7, "7"),
    ],
)
def test_a_json_script_takes_a_value_or_json_text(value: object, content: str) -> None:
    page, problems = filled(b'<script type="application/json" data-computed=a></script>', {"a": fill(value)})
    assert (page.decode(), problems) == (f'<script type="application/json" data-computed=a>{content}</script>', [])


@pytest.mark.parametrize(
    ("page", "fills", "problem"),
    [
        ("<b>1</b>", {"max": 1}, 'no element of index.html has data-computed="max"'),
        ("<b data-computed=max>1</b>", {}, 'build() returned no fill for data-computed="max"'),
        ("<b data-computed=max>1</b>", {"max": [1]}, 'fills.max is not a text or a number, which data-computed="max"'),
        (
            '<script type="application/json" data-computed=max></script>',
            {"max": "one"},
            'fills.max is not JSON, which data-computed="max" takes',
        ),
        ("<p data-computed=max><b>1</b></p>", {"max": 1}, 'the <p> with data-computed="max" in index.html holds other'),
        ("<p data-computed=max><!-- x --></p>", {"max": 1}, 'the <p> with data-computed="max" in index.html holds'),
        ("<p data-computed=max>1", {"max": 1}, 'the <p> with data-computed="max" in index.html has no end tag'),
        ("<img data-computed=max>", {"max": 1}, 'the <img> with data-computed="max" in index.html has no end tag'),
        ("<script data-computed=max>1</script>", {"max": 1}, 'the <script> with data-computed="max" in index.html is'),
        (
            "<style data-computed=max>1</style>",
            {"max": 1},
            'the <style> with data-computed="max" in index.html is code',
        ),
        ("<b data-computed>1</b>", {}, 'the <b> with data-computed="" in index.html has no name'),
        ("<b data-computed=max>1</b>", {"max": "x" * 1_000_000}, "index.html would be larger than 1,000,000 bytes"),
    ],
)
def test_what_cannot_be_filled_is_told_and_the_page_stays(page: str, fills: dict[str, object], problem: str) -> None:
    same, problems = filled(page.encode(), {name: fill(value) for name, value in fills.items()})
    assert same.decode() == page
    assert problems[0].startswith(problem)


def test_the_other_places_are_filled_in_spite_of_a_problem() -> None:
    page, problems = filled(b"<b data-computed=a></b><i data-computed=b></i>", {"a": fill(1), "c": fill(2)})
    assert page == b"<b data-computed=a>1</b><i data-computed=b></i>"
    assert len(problems) == 2


def test_filled_places_can_be_left_out_with_every_offset_kept() -> None:
    page = MARKED.replace(">[]<", '>[{"a": "b"}]<')
    bare = without_fills(page)
    assert len(bare) == len(page)
    assert bare.count("\r\n") == page.count("\r\n")
    assert '"a"' not in bare
    assert ">Old<" not in bare
    assert bare[bare.index("Max") :].startswith("Max: <b id=max data-computed=max class='x'></b>, again: <i")


def test_a_page_without_marks_needs_no_fills() -> None:
    assert filled(b"<p>1</p>", {}) == (b"<p>1</p>", [])


def test_the_script_gets_the_files_but_itself_and_what_is_made_for_them() -> None:
    page = b"<!DOCTYPE html>\n<html><head></head></html>"
    files = {
        "index.html": insert_marker(page, "round/1"),
        "README.md": b"# T",
        "LICENSE": b"MIT",
        ".nojekyll": b"",
        "tools/build.js": b"x",
        "data.csv": b"a",
        "result.json": b"{}",
    }
    assert script_inputs(files, ["result.json"]) == {"index.html": page, "README.md": b"# T", "data.csv": b"a"}


@pytest.mark.parametrize("path", ["result.json", "data/2024.csv", "a.txt", "tools/table.csv"])
def test_a_file_may_be_new_or_replace_one(path: str) -> None:
    assert computed_path(path, ["data.csv"], ["a.txt", "index.html"]) == path


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../x", "holds an empty, '.' or '..' segment"),
        ("/etc/passwd", "is not relative to the repository"),
        (".github/workflows/a.yml", "holds a segment that belongs to git or the forge"),
        (".git/config", "holds a segment that belongs to git or the forge"),
        ("index.html", "is the page's: only its marked places are filled, by fills"),
        ("README.md", "is not for the script to make"),
        ("LICENSE", "is not for the script to make"),
        (".nojekyll", "is not for the script to make"),
        ("tools/build.js", "is not for the script to make"),
        ("data.csv", "is an attachment's, which stays as it came"),
        ("Data.CSV", "differs from another file only in case, or is a folder of it"),
        ("a.txt/b", "differs from another file only in case, or is a folder of it"),
    ],
)
def test_a_path_that_is_not_for_the_script_is_refused_with_the_reason(path: str, reason: str) -> None:
    with pytest.raises(UnsafePath) as refused:
        computed_path(path, ["data.csv"], ["data.csv", "a.txt", "index.html"])
    assert refused.value.reason == reason
