"""What shows that a file ends before its end, and what does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.checks.endings import early_end, is_surely_whole
from tests.little_time import LARGE, little_time

HEAD = "<!DOCTYPE html>\n<html><head><title>T</title></head><body>"

CUT = {
    "app.js": [
        "function f() {\n  let a = 1;\n",
        "const a = `x ${b",
        "const a = `x ${b} y",
        "const a = `\\`",
        "x /* a */ = `${`${a}`} ",
        "/* hello",
        "const a =",
        "let s = 'abc",
        "f(a, ",
        "const x = {a: [1, 2",
        "a.map(x =>",
        "items.",
        "const r = /[(]/;\nif (r.test(a)) {",
    ],
    "data.json": ['{"a": [1, 2', '{"a": "b', "[1, 2,", '{"a": "x"', '[{"a": 1},\n'],
    "style.css": ["body { color: red", "/* a", ".a { } .b {", "@media (x) { .a {}", "a { content: '}'"],
    "icon.svg": ["<svg xmlns='http://www.w3.org/2000/svg'><path d='M0", "<svg><g></g>", "<svg><!-- a"],
    "index.html": [
        f"{HEAD}<p>a<script>let a = '<p>",
        f"{HEAD}<p>a",
        f"{HEAD}<div><p>a</p>",
        f"{HEAD}<div class='x",
        f"{HEAD}<p>a</p><!-- the list",
        f"{HEAD}<textarea>a",
        "<!DOCTYPE html>\n<html><head><style>a {",
        "<p>a</p><!-- x",
        "<div><p>a</p>",
        "<h1>a</h1><ul><li>x",
        "<!doctype html><title>x</title><style>\na{b:c}\n",
        "<!doctype html><title>x</title><script>\nfoo();\n",
        "<!doctype html><title>x</title><script>\nfoo();\n</html>",
        "<!doctype html><meta charset=utf-8><title>My pa",
        "<!doctype html><title>x</title><template><p>a",
        "<html><head><title>x</title></head>\n<template><p>a</p>",
        f"{HEAD}<p>x</p></body>\n<script>\nfoo();\n",
        f"{HEAD}<p>x</p></body>\n<style>\na {{ b: c }}\n",
        f"{HEAD}<p>x</p></body></html>\n<script>\nfoo();\n",
        f"{HEAD}<p>x</p></body></html>\n<textarea>a\n",
        f"{HEAD}<p>x</p></body></html>\n<template><p>a</p>",
        f"{HEAD}<script>function f() {{</script></body></html>",
        "<html><style>a{</style></html>",
        f"{HEAD}<script type=application/json>[1, 2</script></body></html>",
    ],
}
WHOLE = {
    "app.js": [
        "",
        "function f() { return /[(]/.test('a'); }\n",
        "const a = `x ${b} ${`${c}`}`;",
        "`a\\${b`",
        "// a {",
        "/* { */",
        "a++",
        "if (x) /\\(/.test(y)",
        "if (a) { b } /x{/.test(c)",
        "let a = b / c; // (",
        "const r = /`/;",
        's.split(/"/g)',
        "let q = '\\'';",
        "class A { #p = 1; get x() { return this.#p; } }",
        "export default 1",
        "label: for (;;) {}",
        "const é = '…'",
        "f)",
    ],
    "data.json": ['{"a": [1, 2]}', "[]", '"x"', "1", '{"a": NaN}', "not json", '{"a": }'],
    "style.css": ["body { color: red }", "a { content: '{' }", ".a{} /* { */", "@import 'x';", "}"],
    "icon.svg": ["<svg xmlns='http://www.w3.org/2000/svg'><path d='M0'/></svg>", "<svg><g></svg>", "text"],
    "index.html": [
        f"{HEAD}<p>a</p></body></html>",
        f"{HEAD}<p>a</p></body>\n",
        f"{HEAD}<div><p>a</body></html>\n<!-- made by hand -->\n",
        "<title>T</title><h1>x</h1><p>text without an end tag",
        "<!DOCTYPE html><title>x</title><ul><li>a<li>b</ul><p>c",
        "<p>a</p><img src=x><br>",
        "<!doctype html><title>x</title><link rel=icon href=x>",
        "<!doctype html><title>x</title><template><div></template>",
        f"{HEAD}<p>x</p></body>\n<script>\nfoo();\n</script>\n</html>",
        f"{HEAD}<section><div></section></body></html>\n<p>a",
        "<p>a</p><svg width=1 />",
        f"{HEAD}<svg><path d='x'/><style/></svg></body></html>",
        f"{HEAD}<script src=x></script><script type='text/template'>{{{{#if</script></body></html>",
        f"{HEAD}<script>const a = '<\\/script>';</script></body></html>",
        f"{HEAD}<script>// {{\n</script></body></html>",
        f"{HEAD}<script type=application/json></script></body></html>",
    ],
    "README.md": ["# A\n```js\nrun("],
    "data.csv": ["a,b\n1"],
}


@pytest.mark.parametrize(("path", "text"), [(path, text) for path, texts in CUT.items() for text in texts])
def test_a_file_that_ends_in_something_open_is_not_whole(path: str, text: str) -> None:
    assert early_end(path, text).startswith(("it ", "its "))
    assert not is_surely_whole(path, text)


@pytest.mark.parametrize(("path", "text"), [(path, text) for path, texts in WHOLE.items() for text in texts])
def test_a_file_that_shows_no_early_end_has_none(path: str, text: str) -> None:
    assert early_end(path, text) == ""


@pytest.mark.parametrize("tag", ["script", "style", "title", "textarea", "template"])
@pytest.mark.parametrize("before", ["<!doctype html>", f"{HEAD}<p>a", f"{HEAD}</body>", f"{HEAD}</body></html>"])
def test_an_element_without_its_end_tag_is_found_wherever_it_stands(before: str, tag: str) -> None:
    assert early_end("index.html", f"{before}<{tag}>a") == f"it ends in an open <{tag}>"
    assert early_end("index.html", f"{before}<{tag}>a</{tag}>").replace("it has no </html>", "") == ""


@pytest.mark.parametrize(
    ("path", "text", "is_whole"),
    [
        ("a.svg", "<svg xmlns='http://www.w3.org/2000/svg'><text>a&nbsp;b</text><g>", False),
        ("a.xml", "<r>&nbsp;<a>", False),
        ("a.svg", "<svg><path d='' d=''/><g>", False),
        ("a.xml", "text>", False),
        ("a.xml", f"{'<a>' * 300}{'</a>' * 300}", False),
        ("a.svg", "<svg><g></g></svg>\n", True),
        ("a.xml", '<?xml version="1.0"?>\n<r>\ud800</r>', True),
        ("a.json", '{"a": 1}', True),
        ("a.json", "\ufeff[1]\n", True),
        ("a.json", '{"a": }', False),
        ("a.json", '{"a": 1} {"b": 2}', False),
        ("a.json", f"{'[' * 100_000}]", False),
        ("a.json", "1", False),
    ],
)
def test_only_what_is_read_without_an_error_is_surely_whole(path: str, text: str, is_whole: bool) -> None:
    assert is_surely_whole(path, text) is is_whole


def test_where_it_ends_is_said() -> None:
    assert early_end("index.html", f"{HEAD}<script>let a") == "it ends in an open <script>"
    assert early_end("index.html", f"{HEAD}\n<script>f(</script></body></html>").endswith("in line 3 ends in an open (")
    assert early_end("index.html", f"{HEAD}<p>a") == "it has no </html>"
    assert early_end("a.css", "a { /*") == "it ends in an open /*"


@pytest.mark.slow
@pytest.mark.parametrize("path", CUT)
@pytest.mark.parametrize(
    "piece", ["(", "/*", "<!--", "'", "`${", "/[", "<svg>", "<a ", "{", "[", "/a", "\\", "<script>", "\"\n", "-", "\n"]
)  # fmt: skip
def test_a_senseless_file_is_read_in_little_time(path: str, piece: str) -> None:
    with little_time(LARGE):
        early_end(path, piece * (200_000 // len(piece)))


ANY_TEXT = st.text(alphabet=st.sampled_from("<>/*'\"`${}()[]\\= \nabscriptyle!-"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
    max_leaves=10,
)
#: Texts that begin and end as a whole file does; most of them are surely whole.
WHOLE_TEXTS = {
    "index.html": ANY_TEXT.map(lambda text: f"<html>{text}</html>"),
    "data.json": JSON.map(json.dumps),
    "icon.svg": ANY_TEXT.map(lambda text: f"<svg>{text}</svg>"),
}


@given(st.sampled_from(sorted(CUT)), ANY_TEXT)
def test_any_text_is_read(path: str, text: str) -> None:
    early_end(path, text)
    is_surely_whole(path, text)


@pytest.mark.parametrize("path", WHOLE_TEXTS)
@given(data=st.data())
def test_what_is_surely_whole_has_no_early_end(path: str, data: st.DataObject) -> None:
    text = data.draw(WHOLE_TEXTS[path]) + data.draw(st.sampled_from(["", "\n", " \n\n"]))
    assume(is_surely_whole(path, text))
    assert early_end(path, text) == ""
