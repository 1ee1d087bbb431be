from __future__ import annotations

import time

import pytest

from engine.adapters.simulated_author import SimulatedAuthor
from engine.core.brief import AttachedFile, Brief
from engine.core.checks import Check, Kind, Target, Verdict, parse_check
from engine.core.honest_page import honest_page
from engine.core.prompts import generate_prompt
from engine.core.replies import parse_reply
from engine.core.review import GRAVE, MOST_FLAWS, STYLE, flaws_in, review_results

#: A page that does what pages do, and of which a reader would say nothing.
GOOD = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rates</title>
<link rel="stylesheet" href="style.css">
<script>
"use strict";
// Reads the table; the first line holds its names.
async function load(name) {
  const answer = await fetch("data.csv");
  const [header, ...rows] = (await answer.text()).trim().split("\\n");
  return { name, header, rows };
}
const at = (id) => document.getElementById(id);
class Counter { #n = 0; get n() { return this.#n; } add() { this.#n += 1; return this; } }
/** Called by the form in the page. */
function send(event) {
  event.preventDefault();
  if (event.target == null) return;
  at("out").innerHTML = `<div>${new Counter().add().n}</div>`;
}
function rendered(text) { return text; }
document.addEventListener("DOMContentLoaded", async () => {
  try {
    const { rows } = await load("rates");
    at("out").textContent = String(rows.length);
    at("theme").textContent = "Dark";
  } catch (error) {
    console.error(error); // shown below, too
    at("out").textContent = "could not be read";
  }
  try { localStorage.setItem("seen", "1"); } catch { /* private windows have none */ }
});
</script>
<script type="application/json">{"not": "a script", }</script>
<script src="https://cdn.jsdelivr.net/npm/d3@7.9.0/dist/d3.min.js"></script>
</head>
<body>
<!-- <img src=gone.png> <div> -->
<main>
<h1>Rates</h1>
<h2>One</h2>
<h3>Two</h3>
<h2>Three</h2>
<p>One<p>Two
<ul><li>a<li>b</ul>
<table><thead><tr><th>a<tbody><tr><td>1 &amp; 2</table>
<form onsubmit="send(event)">
<label for="q">Search</label> <input id="q" value="a &lt; b">
<label>Kind <select><option>a<option>b</select></label>
<input type="hidden" name="h"><input type="submit" value="Go"><textarea aria-label="Notes"></textarea>
<button id="theme"></button> <button type="button"><img src="data:image/png;base64,AA" alt="Reload"></button>
</form>
<a href="https://example.com/">Elsewhere</a> <a href="http://example.com/">Old</a> <a href="#q">Up</a> <a href="about">About</a>
<svg viewBox="0 0 1 1" role="img" aria-label="Chart"><rect width="1" height="1"/></svg>
<img src="p.png" alt=""><br/>
<output id="out">Loading …</output>
</main>
</body>
</html>
"""
ABOUT = (
    b'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    b"<title>About</title></head><body><h1>About</h1></body></html>"
)
BESIDE = {"style.css": b"", "data.csv": b"a\n1\n", "about.html": ABOUT, "p.png": b"x"}
README = b"# Rates\n\nShows rates.\n\n## Setup\n\nThere is no `npm install`: serve the folder.\n"


def found(page: str, asked: str = "rendered", **files: bytes) -> tuple[list[str], list[str]]:
    """Return the errors and the matters of style that are found in a page and files beside it."""
    tree = {"index.html": page.encode(), **BESIDE, **{name.replace("_", "."): text for name, text in files.items()}}
    results = review_results(tree, asked=asked)
    assert all((r.check.kind, r.target) == (Kind.REVIEW, Target.LOCAL) for r in results)
    return flaws_in(results, GRAVE), flaws_in(results, STYLE)


def script(code: str, asked: str = "") -> tuple[list[str], list[str]]:
    """Return what is found in a script, its lines counted from its own first one."""
    results = review_results({"app.js": code.encode()}, asked=asked)
    return flaws_in(results, GRAVE), flaws_in(results, STYLE)


def in_body(markup: str) -> str:
    return GOOD.replace("<!-- <img", f"{markup}\n<!-- <img", 1)


def test_a_good_page_has_no_flaw() -> None:
    results = review_results({"index.html": GOOD.encode(), "README.md": README, **BESIDE}, asked="rendered(1) === 1")
    assert [(r.check.text, r.verdict, r.value) for r in results] == [
        (GRAVE, Verdict.PASS, []),
        (STYLE, Verdict.PASS, []),
    ]


BODY = GOOD[: GOOD.index("<!-- <img")].count("\n") + 1


@pytest.mark.parametrize(
    ("markup", "what"),
    [
        ("<div>", "<div> is never closed"),
        ("<p>a <span>b</p>", "<span> is never closed"),
        ("</section>", "</section> closes nothing that is open there"),
        ("<p>a <div>b</div></p>", "</p> closes nothing that is open there"),
        ("<p id=a id=b>", "an attribute stands twice in one tag; the second is ignored"),
        ("<div/></div>", "`/>` does not close this element; it needs an end tag"),
        ("<input id='n'>", "<input 'n'> has no <label>"),
        ("<input placeholder='Amount'>", "<input> has no <label>"),
        ("<select name='kind'></select>", "<select 'kind'> has no <label>"),
        ("<button></button>", "<button> has no text and no name"),
        ("<a href='about'><img src='p.png' alt=''></a>", "<a> has no text and no name"),
        ("<img src='p.png'>", "<img> has no alt"),
        ("<center>a</center>", "the center element is obsolete"),
        ("<img src='gone.png' alt=''>", "'gone.png' is no file of the repository"),
        ("<a href='/about'>a</a>", "'/about' starts at the host's root and not at the site"),
        ("<a href='../about'>a</a>", "'../about' leads out of the site"),
        (
            "<script src='http://cdn.example/a.js'></script>",
            "'http://cdn.example/a.js' is not https, which a published page will not load",
        ),
        ("<script>fetch('rows.json')</script>", "'rows.json' is no file of the repository"),
        ("<script>import('/m.js')</script>", "'/m.js' starts at the host's root and not at the site"),
    ],
)
def test_errors_of_markup_are_found_with_their_line(markup: str, what: str) -> None:
    assert f"index.html:{BODY}: {what}" in found(in_body(markup))[0]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("<!DOCTYPE html>\n", "", "index.html:1: it does not begin with <!DOCTYPE html>"),
        (' lang="en"', "", "index.html:2: html element has no lang attribute"),
        ('<meta charset="utf-8">', "", 'index.html:1: no <meta charset="utf-8"> names its encoding'),
        ('name="viewport"', 'name="x"', 'index.html:1: no <meta name="viewport"> makes it readable on a phone'),
        ("<h2>One</h2>", "", "<h3> follows <h1>: a level of heading is left out"),
    ],
)
def test_matters_of_style_in_markup_are_found(old: str, new: str, what: str) -> None:
    graves, styles = found(GOOD.replace(old, new))
    assert graves == []
    assert [flaw for flaw in styles if flaw.endswith(what)]


def test_a_page_without_a_title_and_an_id_that_is_there_twice_are_errors() -> None:
    assert found(GOOD.replace("<title>Rates</title>", ""))[0] == [
        "index.html:2: document has no non-empty title element"
    ]
    (twice,) = found(in_body("<p id='q'>"))[0]
    assert twice.endswith(": id q is used more than once")


@pytest.mark.parametrize("address", ["gone.css", "sub/", "gone.html?x=1"])
def test_each_file_that_a_page_names_is_looked_for(address: str) -> None:
    assert [f for f in found(in_body(f"<link rel='icon' href='{address}'>"))[0] if f"'{address}' is no file" in f]


def test_a_file_that_was_attached_is_somebody_elses() -> None:
    tree = {"index.html": b"<div>", "old.html": b"<div>", "old.js": b"eval(x)"}
    results = review_results(tree, foreign={"index.html", "old.html", "old.js"})
    assert [r.verdict for r in results] == [Verdict.PASS, Verdict.PASS]


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
    assert flaws_in(review_results(tree, asked="rendered"), GRAVE)
    assert flaws_in(review_results(tree, asked="rendered", parsed=True), GRAVE) == []


def test_libraries_that_lie_beside_the_page_are_not_reviewed() -> None:
    own = {"vendor/a.js": b"eval(a)", "a.min.js": b"eval(a)", "lib/b.js": b"eval(a)"}
    assert flaws_in(review_results({"index.html": GOOD.encode(), **BESIDE, **own}, asked="rendered"), GRAVE) == []


def test_flaws_are_told_in_the_detail_and_no_more_than_is_useful() -> None:
    results = review_results({"index.html": b"<p id=a><p id=a>\n" + b"<div>\n" * 300})
    assert len(flaws_in(results, GRAVE)) == MOST_FLAWS
    assert results[0].verdict is Verdict.FAIL
    assert "; index.html:2: <div> is never closed; " in results[0].detail


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 1_000_000,
        "<script>" * 200_000,
        "<!--" * 400_000,
        "<p " + "a=b " * 400_000,
        "<table><td><div>" * 5_000,
        "<button>" * 4_000 + "<script>" + "x " * 50_000 + "</script>",
        "<label><input>" * 4_000,
        "<script>" + "((" * 90_000 + "</script>",
        "<script>" + "x=[" * 20_000 + "</script>",
        "<script>" + "// a = (\n" * 20_000 + "</script>",
        "<!DOCTYPE html>" + " " * 1_000_000,
        "<!-- a -->" * 100_000,
    ],
    ids=[
        "deep",
        "scripts",
        "comments",
        "attributes",
        "tables",
        "buttons",
        "labels",
        "brackets",
        "arrays",
        "remarks",
        "spaces",
        "closed",
    ],
)
def test_a_hostile_page_takes_no_longer_than_a_large_one(page: str) -> None:
    begun = time.process_time()
    review_results({"index.html": page.encode()})
    assert time.process_time() - begun < 8


@pytest.mark.parametrize(
    "files", [{"index.html": b"<p>" * 500_000}, {"index.html": GOOD.encode(), "a.js": b"x;" * 2_000}]
)
def test_what_is_too_large_or_minified_is_no_pass(files: dict[str, bytes]) -> None:
    results = review_results({**BESIDE, **files}, asked="rendered")
    assert {r.verdict for r in results} == {Verdict.UNVERIFIABLE}
    assert "too large, or minified, to be reviewed" in results[0].detail


def test_the_simulated_model_writes_a_page_without_a_flaw() -> None:
    data = AttachedFile("data.csv", "text/csv", b"region,amount\nnorth,120.50\n")
    picture = AttachedFile("p.png", "image/png", b"\x89PNG")
    text = (
        "Publish a page titled 'Sales' that fetches data.csv, sums its amount column inside #total, with a form id='f' and an "
        "input id='q', and lists the rows in a table with id 'rows'. Show p.png."
    )
    tree: dict[str, bytes] = {}
    for number, brief in enumerate(
        (text, "Add a button with id='go' and a heading with id 'more' that says 'More'."), 1
    ):
        check = parse_check("js: !!document.querySelector('#rows')")
        request = Brief("a@b.c", "t", number, "n", brief, (check,), (data, picture))
        prompt = generate_prompt(request, boundary="7f3a9c", tree=tree)
        reply = SimulatedAuthor().write(prompt.messages, model="simulated", seconds=60)
        tree |= parse_reply(reply.text, "7f3a9c", finish_reason="stop").files
        results = review_results({**tree, "data.csv": data.content, "p.png": b"", "LICENSE": b""}, asked=brief)
        assert [(r.verdict, r.value) for r in results] == [(Verdict.PASS, []), (Verdict.PASS, [])]


def test_the_honest_page_is_without_a_flaw() -> None:
    brief = Brief(
        "a@b.c", "t", 1, "n", "Show a < b.", (Check(Kind.JS, "1 < 2"),), (AttachedFile("a b.csv", "text/csv", b"x"),)
    )
    results = review_results({**honest_page(brief, "No model answered."), "a b.csv": b"x", "LICENSE": b""})
    assert [(r.verdict, r.value) for r in results] == [(Verdict.PASS, []), (Verdict.PASS, [])]


def test_rows_of_a_table_that_were_typed_into_the_page_are_errors() -> None:
    table = b"item,price\nLamp,120.50\nDesk,349.00\n"
    page = in_body("<table>\n<tr><td>Lamp<td>120.50\n<tr><td>Desk<td>349.00</table>")
    typed = [one.partition(": ")[2] for one in found(page, prices_csv=table)[0] if "typed" in one]
    assert typed == [
        "rows of prices.csv are typed into the page (Lamp, 120.50); leave them out, the script reads the file"
    ]
    assert found(page, prices_csv=b"item,price\n")[0] == []
