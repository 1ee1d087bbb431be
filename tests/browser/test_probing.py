"""Probes in a real browser: what is really tested passes, and what holds on nothing does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from engine.adapters.chromium_browser import ChromiumBrowser
from engine.core.blank_page import blank_page
from engine.core.checks import Check, CheckResult, Kind, Target
from engine.core.probe_replies import parse_probes
from engine.core.probes import Asked, Probe
from engine.ports import PageUnderTest, ProbeRun
from tests.browser.pages import HOME

if TYPE_CHECKING:
    from engine.adapters.chromium_browser import Machine

pytestmark = pytest.mark.browser

BRIEF = "Notes\nAn input #note, a button #add and a list #notes; #count says how many. The page says Welcome."
PAGE = b"""<!doctype html><title>Notes</title><h1>Notes</h1><p id=greets>Welcome</p><form><input id=note><button id=add>Add</button></form><button id=clear>Clear</button>
<p id=hello></p><ul id=notes></ul><p>Notes: <b id=count>0</b></p><select id=kind><option>a<option>b</select><i id=chosen></i>
<script>
const notes = JSON.parse(localStorage.getItem("notes") ?? "[]");
const show = () => {
  localStorage.setItem("notes", JSON.stringify(notes));
  document.querySelector("#notes").replaceChildren(...notes.map(note => Object.assign(document.createElement("li"), { textContent: note })));
};
document.querySelector("form").addEventListener("submit", event => {
  event.preventDefault();
  notes.push(document.querySelector("#note").value);
  show();
});
document.querySelector("#clear").addEventListener("click", () => { notes.length = 0; show(); });
document.querySelector("#kind").addEventListener("change", event => { document.querySelector("#chosen").textContent = event.target.value; });
document.querySelector("#hello").textContent = new URLSearchParams(location.search).get("name") ?? "nobody";
if (location.hash === "#deep") document.querySelector("#hello").textContent = "deep";
show();
</script>"""

ADDED = "document.querySelector('#notes li')?.textContent === 'Milk'"
SLOW = "/^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')"


@dataclass(frozen=True)
class Case:
    name: str
    probe: str
    verdict: str
    says: str = ""


CASES = (
    Case("a form that is filled and sent", f"fill #note = Milk\nclick #add\nexpect {ADDED}", "pass", "true (boolean)"),
    Case("a form that is sent by a key", f"fill #note = Milk\npress #note = Enter\nwait 100\nexpect {ADDED}", "pass"),
    Case("what was stored is there after a reload", f"fill #note = Milk\nclick #add\nreload\nexpect {ADDED}", "pass"),
    Case("what an address asks for", "open ?name=Ada\nexpect document.querySelector('#hello').textContent === 'Ada'", "pass"),
    Case("what another address asked for", "open ?name=Ada\nopen ?name=Bob\nexpect document.querySelector('#hello').textContent === 'Ada'", "fail"),
    Case("a fragment that is read as the page opens", "open #deep\nexpect document.querySelector('#hello').textContent === 'deep'", "pass"),
    Case("that the address is the address", "open ?name=Ada\nexpect location.search === '?name=Ada'", "vacuous", "shows nothing where it looks"),
    Case("what is there at any address", "open ?name=Ada\nexpect document.querySelector('#hello') !== null", "inconclusive", "it holds all along"),
    Case("a choice", "select #kind = b\nexpect document.querySelector('#chosen').textContent === 'b'", "pass"),
    Case("what is taken away again", "fill #note = Milk\nclick #add\nclick #clear\nexpect document.querySelectorAll('#notes li').length === 0", "pass"),
    Case("what any page has", "expect document.documentElement.lang !== '' || document.querySelectorAll('button').length > 0", "vacuous", "a page that shows"),
    Case("that a number is shown", "expect Number(document.querySelector('#count').textContent) >= 1", "vacuous", "shows 7 where it looks"),
    Case("a text of the brief in its place", "expect document.querySelector('#greets').textContent === 'Welcome'", "pass"),
    Case("what the page does not do", "fill #note = Milk\nclick #add\nexpect document.querySelector('#count').textContent === '1'", "fail", "false (boolean)"),
    Case("a step that cannot be done", "click #remove\nexpect document.querySelector('#notes').children.length === 7", "fail", "step 1 (click #remove): there is no such element"),
    Case("a constant", "expect 1 < 2", "vacuous", "an empty page"),
    Case("the length of the text", "expect document.body.innerText.length > 3", "vacuous", "a page that shows nothing"),
    Case("a word of the brief", "expect document.body.innerText.includes('Welcome')", "vacuous", "a page that shows nothing"),
    Case("that an element is there", "expect document.querySelector('#notes') !== null", "vacuous", "shows nothing where it looks"),
    Case("that an element holds some text", "expect document.querySelector('#count').textContent.trim() !== ''", "vacuous", "shows Lorem 7 ipsum where it looks"),
    Case("what was filled is filled", "fill #note = Milk\nexpect document.querySelector('#note').value === 'Milk'", "vacuous", "shows nothing where it looks"),
    Case("what held before the steps", "click #add\nexpect document.querySelector('#count').textContent === '0'", "inconclusive", "it holds all along"),
    Case("what throws", "expect document.querySelector('#nowhere b').textContent.includes('x9')", "error", "null"),
    Case("what is no JavaScript", "expect document.querySelector('#notes'", "invalid", "SyntaxError"),
    Case("what does not end there", f"expect document.title === 'Notes' && {SLOW}", "error", "gave nothing within"),
)  # fmt: skip


def outcomes(machine: Machine, probes: list[str], checks: tuple[Check, ...] = ()) -> list[CheckResult]:
    read: list[Probe] = [parse_probes(f"1\n{text}", [Asked(0, "It works")])[0] for text in probes]
    assert [probe.why_not for probe in read] == [""] * len(read)
    runs = [ProbeRun(probe, blank_page(probe, BRIEF)) for probe in read]
    page = PageUnderTest(HOME, {"index.html": PAGE}, Target.LOCAL, BRIEF)
    report = ChromiumBrowser(machine).run(page, checks, seconds=1000, probes=runs)
    assert len(report.results) == len(checks)
    return list(report.probed)


def test_a_probe_uses_a_form_as_a_person_does(machine: Machine) -> None:
    (found,) = outcomes(machine, [CASES[0].probe])
    assert (found.verdict, found.target) == ("pass", Target.LOCAL)


@pytest.mark.slow
def test_each_comes_out_as_it_should(machine: Machine) -> None:
    found = outcomes(machine, [case.probe for case in CASES], (Check(Kind.JS, "document.title === 'Notes'"),))
    came = {case.name: (str(result.verdict), result.detail) for case, result in zip(CASES, found, strict=True)}
    assert {name: verdict for name, (verdict, _) in came.items()} == {case.name: case.verdict for case in CASES}
    assert [(case.name, came[case.name][1]) for case in CASES if case.says not in came[case.name][1]] == []
    assert {r.verdict for r in found if r.target is Target.EMPTY} == {"vacuous", "invalid"}


@pytest.mark.slow
def test_a_page_that_never_answers_leaves_its_probes_undecided(machine: Machine) -> None:
    probe = parse_probes(f"1\nexpect {ADDED}", [Asked(0, "It works")])[0]
    page = PageUnderTest(HOME, {"index.html": b"<script>for (;;) {}</script>"}, Target.LOCAL, BRIEF)
    report = ChromiumBrowser(machine).run(page, (), seconds=120, probes=[ProbeRun(probe, blank_page(probe, BRIEF))])
    assert [(r.verdict, r.detail) for r in report.probed] == [("timeout", "the page's own script does not end")]


@pytest.mark.slow
def test_a_rule_does_not_use_the_page_that_it_reads(machine: Machine) -> None:
    used = "document.querySelector('#notes li') !== null"  # the brief speaks of a button: a js check has it pressed
    page = PageUnderTest(HOME, {"index.html": PAGE}, Target.LOCAL, "A form with a button")
    rule, script = (
        ChromiumBrowser(machine).run(page, [Check(kind, used)], seconds=120).results[0] for kind in (Kind.RULE, Kind.JS)
    )
    assert (rule.verdict, script.verdict) == ("fail", "pass")


def test_without_a_browser_none_is_run(machine: Machine) -> None:
    (found,) = outcomes_without_browser(machine)
    assert (found.verdict, found.check.text) == ("not_run", "It works")


def outcomes_without_browser(machine: Machine) -> list[CheckResult]:
    probe = Probe(0, "It works", (), ADDED)
    page = PageUnderTest(HOME, {"index.html": PAGE}, Target.LOCAL, BRIEF)
    report = ChromiumBrowser(machine).run(page, (), seconds=1, probes=[ProbeRun(probe, blank_page(probe, BRIEF))])
    return list(report.probed)
