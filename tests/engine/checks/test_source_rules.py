from __future__ import annotations

import pytest

from engine.checks.source_rules import source_results
from engine.domain.checks import Check, Kind


def judged(page: str, *expressions: str, **files: bytes) -> dict[str, tuple[str, str]]:
    checks = [Check(Kind.JS, expression) for expression in expressions]
    tree = {"index.html": page.encode(), **{name.replace("_", "."): content for name, content in files.items()}}
    results = source_results(tree, checks)
    assert all(result.check.kind is Kind.SOURCE for result in results)
    return {result.check.text: (str(result.verdict), result.detail) for result in results}


def test_a_page_of_which_nothing_is_asked_gets_no_result() -> None:
    assert judged("<p>Hello", "document.body.textContent.length > 3") == {}
    assert source_results({}, [Check(Kind.JS, "document.title === 'A'")]) == []


def test_only_js_checks_are_read() -> None:
    checks = [Check(Kind.PROSE, "document.getElementById('x') is there")]
    assert source_results({"index.html": b"<p>"}, checks) == []


@pytest.mark.parametrize("check", ["document.title === 'My page'", 'document.title=="My page"'])
def test_the_title_is_in_the_source(check: str) -> None:
    name = "the title 'My page' is in the source"
    assert judged("<title>\n My  page </title>", check)[name] == ("pass", "")
    verdict, detail = judged("<html>\n<title>Other</title>", check)[name]
    assert (verdict, detail[:18]) == ("fail", "index.html line 2:")
    assert judged("<!-- <title>My page</title> -->", check)[name] == ("fail", "index.html has no <title>")


@pytest.mark.parametrize(
    "check",
    [
        "!!document.querySelector('#total-sales')",
        'document.getElementById("total-sales")',
        "document.querySelectorAll('#total-sales')",
    ],
)
@pytest.mark.parametrize(
    ("page", "verdict"),
    [
        ("<p id=total-sales>", "pass"),
        ("<p class='a' id='total-sales' hidden>", "pass"),
        ('<P\nID="total-sales">', "pass"),
        ("<p id=total-sales-2>", "fail"),
        ("<p data-id=total-sales>", "fail"),
        ("<!-- <p id=total-sales> -->", "fail"),
        ("<script>make('total-sales')</script>", "fail"),
    ],
)
def test_ids_that_checks_name_are_in_the_source(check: str, page: str, verdict: str) -> None:
    assert judged(page, check)["the id 'total-sales' is in the source"][0] == verdict


@pytest.mark.parametrize(
    "check",
    [
        "document.querySelector('script').textContent.includes('a')",
        "document.scripts[0].text.length > 0",
        'document.querySelectorAll("script")[0].innerHTML.length',
        "document.getElementsByTagName('script')[0]?.textContent",
    ],
)
def test_the_first_script_is_inline_where_a_check_reads_it(check: str) -> None:
    name = "the first script is inline"
    assert judged("<script>let a</script><script src=https://cdn.example/a.js></script>", check)[name] == ("pass", "")
    assert judged("<p>", check)[name] == ("fail", "index.html has no <script>")
    assert judged("\n<script> </script>", check)[name] == ("fail", "index.html line 2: the first <script> is empty")
    verdict, detail = judged("\n\n<script src='https://cdn.example/a.js'></script><script>let a</script>", check)[name]
    assert (verdict, detail) == ("fail", "index.html line 3: the first <script> loads a file, so its own text is empty")


def test_a_check_that_reads_another_script_asks_nothing_of_the_first() -> None:
    assert judged("<script></script>", "document.querySelector('#x script').src", "document.scripts.length > 1") == {}


@pytest.mark.parametrize(
    "check",
    [
        "parseFloat(document.querySelector('#n').textContent) > 1",
        "Math.abs(Number(document.getElementById('n').innerText) - 3) < 0.1",
        "+document.querySelector('#n').textContent === 3",
        "1 < +(document.querySelector('#n').textContent)",
    ],
)
@pytest.mark.parametrize(
    ("page", "verdict"),
    [
        ("3", "pass"),
        (" -1.5e3\n", "pass"),
        (".5", "pass"),
        ("$1,234", "fail"),
        ("3 pieces", "fail"),
        ("", None),
        ("<b>3</b>", None),
    ],
)
def test_numbers_are_plain_where_they_stand_in_the_source(check: str, page: str, verdict: str | None) -> None:
    assert judged(f"<p id=n>{page}</p>", check).get("#n is a plain number", (None,))[0] == verdict


def test_a_text_that_is_joined_is_no_number() -> None:
    assert "#n is a plain number" not in judged("<p id=n>a</p>", "'a' +document.querySelector('#n').textContent")


def test_svg_that_a_script_makes_as_html_is_reported_with_its_line() -> None:
    page = "<svg id=chart></svg>\n<script>\nconst bar = document.createElement('rect')\n</script>"
    verdict, detail = judged(page)["SVG elements are made as SVG"]
    assert (verdict, detail[:18]) == ("fail", "index.html line 3:")
    assert "createElementNS" in detail


@pytest.mark.parametrize(
    "made", ["createElementNS('http://www.w3.org/2000/svg', 'rect')", "createElement('tr')", "createElement(rect)"]
)
def test_other_elements_are_nobodys_mistake(made: str) -> None:
    assert judged(f"<script>document.{made}</script>") == {}
