from __future__ import annotations

import pytest

from engine.checks.gates import gate_results
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.formats.expressions import MOST_SELECTORS, selectors_of
from engine.prompts.findings import Findings, findings_of, how_seen


def result(kind: Kind, verdict: Verdict, text: str = "x", **over: object) -> CheckOutcome:
    return CheckOutcome(Check(kind, text), Target.LOCAL, verdict, **over)  # type: ignore[arg-type]


def view(verdict: Verdict = Verdict.PASS, elements: object = None, **over: object) -> CheckOutcome:
    return result(Kind.PAGE_LOAD, verdict, "opens", value={"hosts": {}, "elements": elements or {}}, **over)


def test_a_page_without_a_failure_has_no_findings() -> None:
    assert findings_of([]) == Findings(
        failing=[], how_seen=[], refused=[], browser_messages=[], page_elements="", review=[]
    )
    held = [result(kind, Verdict.PASS) for kind in Kind]
    assert findings_of(held) == findings_of([])


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.ERROR, Verdict.TIMEOUT])
@pytest.mark.parametrize("kind", [Kind.JS, Kind.PROSE, Kind.RULE])
def test_a_failing_check_is_reported_with_its_detail(kind: Kind, verdict: Verdict) -> None:
    wrong = result(kind, verdict, detail="false (boolean)", value=False)
    assert findings_of([result(kind, Verdict.PASS), wrong]).failing == [wrong]


@pytest.mark.parametrize("verdict", [v for v in Verdict if v not in {Verdict.FAIL, Verdict.ERROR, Verdict.TIMEOUT}])
def test_a_verdict_that_says_nothing_about_the_page_is_not_reported(verdict: Verdict) -> None:
    assert findings_of([result(Kind.JS, verdict, detail="d")]) == findings_of([])


def test_a_failing_expression_of_an_earlier_round_is_reported_as_an_expression() -> None:
    found = findings_of(
        [
            result(Kind.EARLIER, Verdict.FAIL, "a()", detail="1 (number)"),
            result(Kind.EARLIER, Verdict.PASS, "b()"),
            result(Kind.EARLIER, Verdict.NOT_RUN, "c()"),
        ]
    )
    assert found.failing == [result(Kind.JS, Verdict.FAIL, "a()", detail="1 (number)")]


def test_each_finding_of_a_gate_is_one_refusal_and_no_failing_check() -> None:
    files = {"a.js": b"run(); go(); // rest of the code\n// your code here", "b.js": b"our-secret"}
    gates = gate_results(files, secret_in=lambda content: "KEY" if b"our-secret" in content else None)
    found = findings_of(gates)
    assert found.failing == []
    assert [one.split(": ")[0] for one in found.refused] == ["a.js:1", "a.js:2", "b.js:1"]


def test_console_lines_and_unheeded_advice_are_reported() -> None:
    found = findings_of(
        [
            result(Kind.SOURCE, Verdict.FAIL, detail="no title"),
            result(Kind.SOURCE, Verdict.INCONCLUSIVE, detail="no number"),
            result(Kind.SOURCE, Verdict.PASS, detail="all well"),
            result(Kind.SOURCE, Verdict.FAIL),
            view(Verdict.FAIL, detail="ReferenceError: a", console=("warning: b", "")),
            view(console=("not had: c.js",)),
        ]
    )
    assert found.browser_messages == ["ReferenceError: a", "warning: b", "not had: c.js", "no title", "no number"]
    assert found.failing == []


def test_elements_are_those_of_the_first_view_that_has_some() -> None:
    found = findings_of(
        [
            result(Kind.PAGE_LOAD, Verdict.NOT_RUN, value=None),
            view(),
            view(elements={"#total": "<b id=total>3</b>", "#rows": ""}),
            view(elements={"#total": "<b>4</b>"}),
        ]
    )
    assert found.page_elements == "#total: <b id=total>3</b>\n#rows: no such element"


@pytest.mark.parametrize(
    "value", [None, 7, [], {"hosts": {}}, {"elements": None}, {"elements": ["#a"]}, {"elements": {}}]
)
def test_a_view_of_another_form_has_no_elements(value: object) -> None:
    assert findings_of([result(Kind.PAGE_LOAD, Verdict.PASS, value=value)]).page_elements == ""


@pytest.mark.parametrize(
    ("expression", "selectors"),
    [
        ("document.getElementById('total').textContent", ["#total"]),
        ('document.getElementById( "total-1" )', ["#total-1"]),
        ("document.getElementById(`total`)", ["#total"]),
        ("!!document.querySelector('#rows tr > td')", ["#rows tr > td"]),
        ("document.querySelectorAll(\"[data-x='1']\").length", ["[data-x='1']"]),
        ("document.querySelector('[name=\"q\"]')", ['[name="q"]']),
        ("document.querySelector(`#a`)", ["#a"]),
        ("document.querySelector('.b') && document.getElementById('a')", ["#a", ".b"]),
        ("document.querySelector('#a') || document.getElementById('a')", ["#a"]),
        ("document.querySelector(`#a${n}`)", []),
        ("document.querySelector(name)", []),
        ("document.getElementById('a b')", []),
        ("document.getElementById('')", []),
        ("document.querySelector('#a\n')", []),
        ("document.title === 'querySelector'", []),
        ("", []),
    ],
)
def test_what_an_expression_looks_up_is_named(expression: str, selectors: list[str]) -> None:
    assert selectors_of(expression) == selectors


def test_the_first_selectors_of_many_are_named() -> None:
    text = "; ".join(f"document.querySelector('#n{number}')" for number in range(MOST_SELECTORS + 3))
    assert selectors_of(text) == [f"#n{number}" for number in range(MOST_SELECTORS)]


def test_a_text_that_differs_from_what_a_check_wants_is_a_hint() -> None:
    wrong = result(Kind.JS, Verdict.FAIL, "document.querySelector('#head').textContent.trim() === 'Sales by region'")
    found = findings_of([wrong, view(elements={"#head": "<h2 id=head>Sales by Region</h2>"})])
    assert found.hints == (
        (
            "#head says 'Sales by Region'; it must say 'Sales by region', letter for letter. "
            "Only capitals or spaces differ."
        ),
    )


@pytest.mark.parametrize(
    ("kind", "over", "phrase"),
    [
        (Kind.JS, {}, "on a fresh page at 1280 px"),
        (Kind.JS, {"milliseconds": 10_040}, "on a fresh page at 1280 px, asked for 10 s"),
        (Kind.JS, {"milliseconds": 8_460, "value": False}, "on a fresh page at 1280 px, asked for 8.5 s"),
        (Kind.EARLIER, {"value": 0}, "on a fresh page at 1280 px"),
        (Kind.PROSE, {"value": False}, "on a fresh page at 1280 px"),
        (Kind.PROSE, {"milliseconds": 0}, "on a fresh page at 1280 px, asked for 0 s"),
        (Kind.PROSE, {}, "on the files"),
        (Kind.RULE, {"value": False}, "on a fresh page at 1280 px"),
        (Kind.RULE, {}, "on the files"),
        (Kind.FILE, {"value": 3}, "on the files"),
        (Kind.REGRESSION, {}, "on the files"),
    ],
)
def test_each_failing_result_has_how_it_was_seen(kind: Kind, over: dict[str, object], phrase: str) -> None:
    views = [
        result(Kind.PAGE_LOAD, Verdict.PASS, f"The page opens without errors at {width} pixels")
        for width in (1280, 390)
    ]
    found = findings_of([result(kind, Verdict.FAIL, **over), result(kind, Verdict.PASS), *views])
    assert found.how_seen == [phrase]


def test_how_a_result_was_seen_names_no_width_that_is_not_known_and_the_published_page() -> None:
    assert how_seen(result(Kind.JS, Verdict.FAIL)) == "on a fresh page"
    live = CheckOutcome(Check(Kind.JS, "a()"), Target.LIVE, Verdict.FAIL, milliseconds=9_000)
    assert how_seen(live, 1280) == "on the published page at 1280 px, asked for 9 s"


def test_a_build_script_that_fails_is_the_first_finding() -> None:
    missing = [result(Kind.PROSE, Verdict.FAIL, f"check {n}", detail="is missing") for n in range(20)]
    script = result(Kind.COMPUTED, Verdict.FAIL, "runs", detail="tools/build.js:6: Error: no amount")
    assert findings_of([*missing, script]).failing == [script, *missing]
