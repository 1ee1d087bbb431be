"""The defects of a page's markup."""

from __future__ import annotations

import pytest

from tests.engine.checks.good_page import GOOD, found, in_body

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
def test_defects_of_markup_are_found_with_their_line(markup: str, what: str) -> None:
    assert f"index.html:{BODY}: {what}" in found(in_body(markup))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (' lang="en"', "", "index.html:2: html element has no lang attribute"),
        ("<title>Rates</title>", "", "index.html:2: document has no non-empty title element"),
    ],
)
def test_a_page_must_name_its_language_and_its_title(old: str, new: str, what: str) -> None:
    assert found(GOOD.replace(old, new)) == [what]


def test_an_id_that_is_there_twice_is_a_defect() -> None:
    (twice,) = found(in_body("<p id='q'>"))
    assert twice.endswith(": id q is used more than once")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<!DOCTYPE html>\n", ""),
        ('<meta charset="utf-8">', ""),
        ("<h2>One</h2>", ""),
        ("const at =", "var unused = 1; debugger; if (unused == '2') console.log(1); // TODO: more\nconst at ="),
        ("const at =", "let a = ;\nconst at ="),
    ],
)
def test_style_and_what_the_service_or_the_browser_sees_to_are_not_reviewed(old: str, new: str) -> None:
    assert found(GOOD.replace(old, new)) == []


@pytest.mark.parametrize("address", ["gone.css", "sub/", "gone.html?x=1"])
def test_each_file_that_a_page_names_is_looked_for(address: str) -> None:
    assert [f for f in found(in_body(f"<link rel='icon' href='{address}'>")) if f"'{address}' is no file" in f]


def test_rows_that_a_build_script_filled_in_are_none() -> None:
    table = b"product,price\nLamp,120.50\nChair,80.25\nTable,310.00\n"
    rows = '[["Lamp", 120.50], ["Chair", 80.25], ["Table", 310.00]]'
    body = f'<p>Prices</p><script type="application/json"%s>{rows}</script>'
    assert any("typed" in one for one in found(body % "", prices_csv=table))
    assert not any("typed" in one for one in found(body % ' data-computed="rows"', prices_csv=table))


def test_rows_of_a_table_that_were_typed_into_the_page_are_defects() -> None:
    table = b"item,price\nLamp,120.50\nDesk,349.00\n"
    page = in_body("<table>\n<tr><td>Lamp<td>120.50\n<tr><td>Desk<td>349.00</table>")
    typed = [one.partition(": ")[2] for one in found(page, prices_csv=table) if "typed" in one]
    assert typed == [
        "rows of prices.csv are typed into the page (Lamp, 120.50); leave them out, the script reads the file"
    ]
    assert found(page, prices_csv=b"item,price\n") == []
