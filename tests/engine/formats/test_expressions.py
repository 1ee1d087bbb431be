from __future__ import annotations

import pytest

from engine.formats.expressions import LONGEST, is_expression
from tests.little_time import little_time

EXPRESSIONS = (
    "!!document.querySelector('#task-input')",
    "!!document.querySelector('#add-btn')",
    "document.querySelectorAll('#task-list').length === 1",
    """!!document.querySelector('link[href*="bootstrap"]')""",
    "document.title",
    "document.title === 'Hello'",
    "document.title === 'Hello';",
    "document['title'] == \"It's here\"",
    "  document . title  === `Hello`\n",
    "document.title === `Hello ${1 + 1}`",
    "`${document.title}` === 'Hello'",
    "[...document.querySelectorAll('li')].length > 2",
    "[document.title, document.URL].every((one) => one !== '')",
    "(() => { const x = document.title; return x.length > 0 })()",
    "(function () { return document.title })()",
    "(function named(a, b = 1) { return document.title })(2)",
    "(async () => { await new Promise(done => setTimeout(done, 250)); return document.title === 'x' })()",
    "() => document.title === 'Hello'",
    "async () => document.title === 'Hello'",
    "function () { return document.title }",
    "const found = document.querySelector('#x'); found !== null",
    "const { title } = window.document; title === 'a'",
    "typeof window.marked === 'function'",
    "window.innerWidth >= 300 ? document.title : null",
    "document.body?.classList.contains('dark')",
    "document.querySelector?.('#x') != null",
    "document.querySelector('#x')?.[0] !== 1",
    "getComputedStyle(document.body).color === 'rgb(1, 2, 3)'",
    "window.getComputedStyle(x).display !== 'none'",
    "matchMedia('(prefers-color-scheme: dark)').matches",
    "fetch('data.csv').then(r => r.ok)",
    "await fetch('data.csv')",
    "localStorage.getItem('theme') === 'dark'",
    "'theme' in localStorage",
    "location.pathname.endsWith('/')",
    "navigator.onLine && history.length > 0",
    "performance.getEntriesByType('resource').some(({ name }) => name.includes('bootstrap'))",
    "/^\\d{4}-\\d{2}$/.test(document.querySelector('#d').textContent.trim())",
    "document.title.match(/[/]a+/gi).length / 2 > 1",
    "document.querySelector('#a') instanceof HTMLElement",
    "new URL(document.querySelector('a').href).hostname === 'example.com'",
    "void document.title || true",
    "-document.links.length < 0x1F + 1e3 + .5",
    "document.title /* the title */ === 'Hello' // as asked",
    "Array.from(\n  document.querySelectorAll('li'),\n)\n  .map((one) => one.textContent)\n  .includes('Milk')",
    "document.querySelector('#t').click() || document.body.classList.contains('dark')",
    "(document.querySelector('#t').value = 'x', document.title === 'x')",
    "({ n: document.links.length }).n > 1",
    "[[], {}, document.title]",
    "[1, 2,].includes(document.links.length,)",
    "document.querySelectorAll('a')[0].href",
    "a ? document.title : b ? 1 : 2",
    "String.raw`a` === document.title",
    (
        "document.title !== '' && (() => {\n"
        "  for (const one of document.links) {\n    if (!one.href) return false\n  }\n"
        "  return true\n})()"
    ),
    "document.querySelector('#größe').textContent === 'ä“'",
)

SENTENCES = (
    "document.title is 'Hello'",
    "document.title is Hello",
    "The page uses document.querySelector('#x') to find it",
    "document.querySelector('#x') exists",
    "document.title === 'Hello' holds",
    "document.title === 'Hello'.",
    "document.title must be set!",
    "document.title: Hello",
    "document.title = 'Hello'",
    "document.title, document.URL",
    "document.title (the heading) === 'Hello'",
    "document.title [see the brief]",
    'document.title equals "Hello"',
    "document.title === 'Hello' (exact match)",
    "document.querySelector('h1') (the heading)",
    "Is document.title 'Hello'?",
    "document.title?",
    "document.title!",
    "document.",
    "document",
    "window",
    "Uses localStorage",
    "localStorage",
    "The document. It has a title",
    "The location.",
    "`document.title === 'Hello'`",
    "“document.title === 'Hello'”",
    "'document.title'",
    "document.title === “Hello”",
    "js document.title === 'Hello'",
    "check that document.title === 'Hello'",
    "document.title === 'Hello' and document.links.length > 2",
    "document.title === 'Hello' or 'Hi'",
    "document.title should equal 'Hello'",
    "return document.title === 'Hello'",
    "if (document.title) true",
    "let document.title be 'Hello'",
    "const title = document.title",
    "{ document.title }",
    "1 < 2",
    "true",
    "marked('a') === 'b'",
    "$('#total').text() === '5'",
    "my.document.title === 'Hello'",
    "// document.title === 'Hello'",
    "document.title === 'Hello",
    "document.querySelector('#x'",
    "document.querySelector('#x'))",
    "document.querySelector('#x']",
    "document.title === `Hello ${",
    "document.title === `Hello ${the title}`",
    "(() => { the document.title is set })()",
    "document.title === #title",
    "document.title ===",
    "=== document.title",
    "document.title 'Hello'",
    "document.title ? 'a'",
    "document.title : 'a'",
    "...document.links",
    "document.links.length >= 3rd",
    "document.title === 'Hello'('World')",
    "() === document.title",
    "function document.title",
    "class document.title",
    "document.title;; and more",
    "",
    "   ",
)

#: Of requests that were really sent.
PROSE = (
    "Page has h1 with 'Hello World'",
    "Page has element with id='result'",
    "h1#greeting displays Hello World",
    "Page has a button with id='click-me'",
    "Has h1 tag",
    "Must have a button",
    "Page uses Bootstrap 5 from CDN",
    "LICENSE file exists (MIT recommended)",
    "It must have two sections: #markdown-input and #HTML-output",
    "README.md is professional",
    "Page displays captcha URL passed at ?url=...",
    "uid.txt matches the attached uid.txt",
    "Repo has MIT license",
    "data.json: entityName, max.val and min.val",
    "The title (document.title) is 'Hello'",
    "The window.",
)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_code_that_looks_at_the_page_is_an_expression(text: str) -> None:
    assert is_expression(text)


@pytest.mark.parametrize("text", [*SENTENCES, *PROSE])
def test_all_else_is_a_sentence(text: str) -> None:
    assert not is_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "document.title" + "(" * (LONGEST - 20),
        "document.title ? " * 200,
        "document.title, " + "`${" * 1_000,
        "document.title " + "/*" * 1_900,
        "document.title " + "/" * 3_900,
        "document.title " + "'\\" * 1_900,
        "document." + "(() => {" * 400,
        "!" * 3_000 + "document.title",
        "document.title === '" + "x" * LONGEST + "'",
        "\0document.title",
        "document.title === 'a" + "\ud800",
    ],
)
def test_hostile_texts_take_little_time(text: str) -> None:
    with little_time():
        assert is_expression(text) in {True, False}


def test_a_text_that_is_too_long_is_no_expression() -> None:
    assert is_expression(f"document.title === '{'x' * (LONGEST - 30)}'")
    assert not is_expression(f"document.title === '{'x' * LONGEST}'")
