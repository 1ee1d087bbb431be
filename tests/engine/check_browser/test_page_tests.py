"""Page tests in a real browser: a test that already holds on an empty page is vacuous."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.chromium_browser import ChromiumBrowser
from engine.domain.browser_report import PageAction, PageTest, PageUnderTest
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.plan.page_tests import as_page_test, problem_of
from engine.plan.predicates import Page
from tests.doubles.http_server import HttpServer, Script
from tests.engine.check_browser.pages import HOME

if TYPE_CHECKING:
    from engine.adapters.browser.chromium_browser import Machine
    from tests.doubles.http_server import Asked

pytestmark = pytest.mark.browser

PAGE = b"""<!doctype html><title>Notes</title><h1>Notes</h1><p id=greets>Welcome</p>
<form><input id=note><button id=add>Add</button></form>
<button id=clear>Clear</button>
<p id=hello></p><ul id=notes></ul><p>Notes: <b id=count>0</b></p>
<select id=kind><option>a<option>b</select><i id=chosen></i>
<script>
const notes = JSON.parse(localStorage.getItem("notes") ?? "[]");
const show = () => {
  localStorage.setItem("notes", JSON.stringify(notes));
  document.querySelector("#notes").replaceChildren(
    ...notes.map(note => Object.assign(document.createElement("li"), { textContent: note })));
};
document.querySelector("form").addEventListener("submit", event => {
  event.preventDefault();
  notes.push(document.querySelector("#note").value);
  show();
});
document.querySelector("#clear").addEventListener("click", () => { notes.length = 0; show(); });
document.querySelector("#kind").addEventListener("change", event => {
  document.querySelector("#chosen").textContent = event.target.value;
});
document.querySelector("#hello").textContent = new URLSearchParams(location.search).get("name") ?? "nobody";
if (location.hash === "#deep") document.querySelector("#hello").textContent = "deep";
show();
</script>"""

ADDED = "document.querySelector('#notes li')?.textContent === 'Milk'"
SLOW = "/^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')"
HELLO = "document.querySelector('#hello').textContent"
COUNT = "document.querySelector('#count').textContent"


@dataclass(frozen=True)
class Case:
    """`steps`: one a line, each a verb, a selector (- for none) and a value."""

    name: str
    steps: str
    expression: str
    verdict: str
    says: str = ""

    def page(self) -> Page:
        steps = [[*line.split(maxsplit=2), "", ""] for line in self.steps.split("; ") if line]
        plain = [
            {"do": do, "selector": "" if selector == "-" else selector, "value": value}
            for do, selector, value, *_ in steps
        ]
        return Page.model_validate({"steps": plain, "expression": self.expression})


CASES = (
    Case("a form that is filled and sent", "fill #note Milk; click #add", ADDED, "pass", "true (boolean)"),
    Case("a form that is sent by a key", "fill #note Milk; press #note Enter; wait - 100", ADDED, "pass"),
    Case("what was stored is there after a reload", "fill #note Milk; click #add; reload", ADDED, "pass"),
    Case("what another address asked for", "open - ?name=Ada; open - ?name=Bob", f"{HELLO} === 'Ada'", "fail"),
    Case("what an address asks for", "open - ?name=Ada", f"{HELLO} === 'Ada'", "pass"),
    Case("a fragment that is read as the page opens", "open - #deep", f"{HELLO} === 'deep'", "pass"),
    Case("that the address is the address", "open - ?name=Ada", "location.search === '?name=Ada'", "vacuous",
        "an empty page"),
    Case("what is there at any address", "open - ?name=Ada", "document.querySelector('#hello') !== null",
        "inconclusive", "it holds all along"),
    Case("a choice", "select #kind b", "document.querySelector('#chosen').textContent === 'b'", "pass"),
    Case("what is taken away again", "fill #note Milk; click #add; click #clear",
        "document.querySelectorAll('#notes li').length === 0", "pass"),
    Case("a text of the brief in its place", "", "document.querySelector('#greets').textContent === 'Welcome'", "pass"),
    Case("what the page does not do", "fill #note Milk; click #add", f"{COUNT} === '1'", "fail", "false (boolean)"),
    Case("a step that cannot be done", "click #remove", "document.querySelector('#notes').children.length === 7",
        "fail", "step 1 (click #remove): there is no such element"),
    Case("a constant", "", "1 < 2", "vacuous", "an empty page"),
    Case("a word of the brief", "", "document.body.innerText.includes('Welcome')", "pass"),
    Case("that an element is there", "", "document.querySelector('#notes') !== null", "pass"),
    Case("that an element holds some text", "", f"{COUNT}.trim() !== ''", "pass"),
    Case("that something is not there", "", "document.querySelector('#gone') === null", "vacuous", "an empty page"),
    Case("what held before the steps", "click #add", f"{COUNT} === '0'", "inconclusive", "it holds all along"),
    Case("what throws", "", "document.querySelector('#nowhere b').textContent.includes('x9')", "error", "null"),
    Case("what is no JavaScript", "", "document.querySelector('#notes'", "invalid", "SyntaxError"),
    Case("what does not end there", "", f"document.title === 'Notes' && {SLOW}", "timeout"),
)  # fmt: skip


def outcomes(
    machine: Machine, *pages: Page, checks: tuple[Check, ...] = (), page: bytes = PAGE, seconds: float = 1000
) -> list[CheckOutcome]:
    assert [problem_of(one) for one in pages] == [""] * len(pages)
    tests = [as_page_test(one) for one in pages]
    under_test = PageUnderTest(HOME, {"index.html": page}, Target.LOCAL)
    report = ChromiumBrowser(machine).run(under_test, checks, seconds=seconds, tests=tests)
    assert len(report.results) == len(checks)
    assert [result.check.text for result in report.tested] == [one.expression for one in pages]
    return list(report.tested)


@pytest.mark.slow
def test_a_test_uses_a_form_as_a_person_does(machine: Machine) -> None:
    (found,) = outcomes(machine, CASES[0].page())
    assert (found.verdict, found.target) == ("pass", Target.LOCAL)


@pytest.mark.slow
def test_each_comes_out_as_it_should(machine: Machine) -> None:
    check = Check(Kind.JS, "document.title === 'Notes'")
    found = outcomes(machine, *(case.page() for case in CASES), checks=(check,))
    came = {case.name: (str(result.verdict), result.detail) for case, result in zip(CASES, found, strict=True)}
    assert {name: verdict for name, (verdict, _) in came.items()} == {case.name: case.verdict for case in CASES}
    assert [(case.name, came[case.name][1]) for case in CASES if case.says not in came[case.name][1]] == []
    assert {r.verdict for r in found if r.target is Target.EMPTY} == {"vacuous", "invalid"}


@pytest.mark.slow
def test_a_page_that_never_answers_leaves_its_tests_undecided(machine: Machine) -> None:
    endless = b"<script>for (;;) {}</script>"
    (found,) = outcomes(machine, CASES[0].page(), page=endless, seconds=120)
    assert (found.verdict, found.detail) == ("timeout", "the page's own script does not end")


def test_without_a_browser_none_is_run(machine: Machine) -> None:
    (found,) = outcomes(machine, CASES[0].page(), seconds=1)
    assert (found.verdict, found.detail) == ("not_run", "no check browser was free in time")


ASKING = b"""<!doctype html><html lang=en><title>Asks</title><button id=b>Go</button><p id=a>no</p><script>
document.querySelector("#b").addEventListener("click", () => fetch("https://api.test/clicked", { mode: "no-cors" }));
setInterval(async () => {
  const answer = await fetch("https://api.test/was-clicked");
  document.querySelector("#a").textContent = await answer.text();
}, 500);
</script>"""


class Clicks(HttpServer):
    """Knows whether a page test has clicked."""

    clicked = False

    def answer(self, asked: Asked) -> Script:
        self.clicked |= asked.path == "/api.test/clicked"
        return Script(headers={"access-control-allow-origin": "*"}, body=b"yes" if self.clicked else b"no")


@pytest.mark.slow
def test_page_tests_run_while_a_check_waits_for_its_window(machine: Machine) -> None:
    check = Check(Kind.JS, "document.querySelector('#a').textContent === 'yes'")
    clicking = PageTest((PageAction("click", "#b", ""),), "document.querySelector('#a').textContent === 'yes'")
    with Clicks() as mirror:
        browser = ChromiumBrowser(replace(machine, mirror=mirror.url(""), window=40.0))
        page = PageUnderTest(HOME, {"index.html": ASKING}, Target.LOCAL)
        report = browser.run(page, [check], seconds=90, tests=[clicking])
    assert mirror.clicked
    assert report.results[0].verdict is Verdict.PASS, report


@pytest.mark.slow
def test_a_failure_says_what_went_wrong_on_its_page(machine: Machine) -> None:
    page = b"""<!doctype html><title>Rows</title><p id=out></p><script>
fetch("http://10.0.0.1/rows.json").catch(() => {});
throw new Error("no rows");
</script>"""
    shown = Case("rows", "", "document.querySelector('#out').textContent === '3'", "fail").page()
    (found,) = outcomes(machine, shown, page=page)
    assert found.verdict == "fail"
    assert "the page threw: " in found.detail
    assert "no rows" in found.detail
    assert "a request of it failed: 10.0.0.1" in found.detail
