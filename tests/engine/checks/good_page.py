"""A page without a defect, and the findings of a review after one change."""

from __future__ import annotations

from engine.checks.review import review_defects, review_result
from engine.domain.checks import Kind, Target

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
<a href="https://example.com/">Elsewhere</a>
<a href="http://example.com/">Old</a> <a href="#q">Up</a> <a href="about">About</a>
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


def found(page: str, **files: bytes) -> list[str]:
    """Return the defects that are found in a page and files beside it."""
    tree = {"index.html": page.encode(), **BESIDE, **{name.replace("_", "."): text for name, text in files.items()}}
    result = review_result(tree)
    assert (result.check.kind, result.target) == (Kind.REVIEW, Target.LOCAL)
    return review_defects([result])


def in_body(markup: str) -> str:
    return GOOD.replace("<!-- <img", f"{markup}\n<!-- <img", 1)
