"""The flaws of scripts."""

from __future__ import annotations

import pytest

from engine.checks.review import GRAVE, STYLE, issues_in, review_results
from tests.engine.checks.good_page import BESIDE, GOOD, found, in_body


def script(code: str, asked: str = "") -> tuple[list[str], list[str]]:
    """Return what is found in a script, its lines counted from its own first one."""
    results = review_results({"app.js": code.encode()}, asked=asked)
    return issues_in(results, GRAVE), issues_in(results, STYLE)


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("let a = ;", "app.js:1: the script does not parse at 'let a = ;'"),
        ("\nfunction old(a) { return a; }", "app.js:2: old is never called: dead code"),
        ("const old = () => 1;", "app.js:1: old is never called: dead code"),
        ("class Old {}", "app.js:1: Old is never called: dead code"),
        ("eval('1')", "app.js:1: eval runs text as code"),
        ("new Function('return 1')()", "app.js:1: Function runs text as code"),
        ("document.write('a')", "app.js:1: document.write is obsolete and may wipe the page"),
        ("debugger;", "app.js:1: a debugger statement was left"),
        ("(() => {\n  return 1;\n  // why\n  alert(2);\n})()", "app.js:4: 'alert(2);' is never reached, behind return"),
        ("while (true) { break; alert(2); }", "app.js:1: 'alert(2);' is never reached, behind break"),
    ],
)
def test_errors_of_scripts_are_found_with_their_line(code: str, what: str) -> None:
    graves = script(code)[0]
    assert any(flaw.startswith(what[:40]) for flaw in graves), graves
    assert what in graves or "does not parse" in what


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("let unused = 1;", "app.js:1: unused is never used"),
        ("var a = 1; var b = a; alert(b);", "app.js:1: var, where const or let would do (2 times in this script)"),
        ("if (location.hash == '') alert(1);", "app.js:1: == or !=, where === or !== would do"),
        ("console.log(1);", "app.js:1: console.log was left"),
        ("try { alert(1); } catch (e) { }", "app.js:1: an empty catch hides errors"),
        ("// TODO: the rest\nalert(1);", "app.js:1: a comment says that something is still to be done"),
        ("// alert(old);\nalert(1);", "app.js:1: code stands in a comment"),
        ("/* const a = 1; */\nalert(1);", "app.js:1: code stands in a comment"),
    ],
)
def test_matters_of_style_in_scripts_are_found_with_their_line(code: str, what: str) -> None:
    assert script(code) == ([], [what])


@pytest.mark.parametrize(
    "code",
    [
        "function fact(n) { return n ? n * fact(n - 1) : 1; }",  # may be called from anywhere
        "export function made() {}",
        "export const made = 1;",
        "function early() { return 1; function later() {} later(); } early();",
        "switch (location.hash) { case 'a': alert(1); break; default: alert(2); }",
        "if (location.hash == null) alert(1);",
        "try { alert(1); } catch (e) { /* no storage: go on */ }",
        "// Rows are sorted (newest first); the rest follows.\nalert(1);",
        "// see https://example.com/a;b\nalert(1);",
        "// TODO list: each TODO has a text.\nalert(1);",
        "/* Todo: the list */\nalert(1);",
        "/** @param {string} a; */\nalert(1);",
        "const { a, ...rest } = window; alert(rest);",
        "[1].forEach((value, at) => alert(at));",
        "console.error('lost'); console.warn('late');",
        "label: for (const a of [1]) { if (a) continue label; }",
        "",
    ],
)
def test_what_is_no_flaw_of_a_script_is_not_told(code: str) -> None:
    assert script(code) == ([], [])


def test_a_function_that_the_page_the_brief_or_a_check_names_is_used() -> None:
    assert script("function made() {}", asked="js: typeof made === 'function'") == ([], [])
    assert found(in_body("<button onclick='made()'>a</button>"), "rendered", app_js=b"function made() {}") == ([], [])
    assert script("function made() {}")[0] != []


def test_a_browser_that_read_the_scripts_knows_better_whether_they_parse() -> None:
    tree = {"index.html": GOOD.encode(), **BESIDE, "app.js": b"let a = ;"}
    assert issues_in(review_results(tree, asked="rendered"), GRAVE)
    assert issues_in(review_results(tree, asked="rendered", parsed=True), GRAVE) == []
