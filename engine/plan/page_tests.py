"""Validates a plan's page tests, converts them for the check browser, and finds the names that they guess."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.domain.browser_report import PageAction, PageTest
from engine.formats.javascript import ASSIGNING, ScriptError, neighbours, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.formats.javascript import ScriptToken
    from engine.plan.predicates import Page, PageStep

LONGEST_WAIT = 3_000  # milliseconds, of all waits of a test together

_ON_ELEMENT = frozenset({"fill", "select", "click"})
_ON_PAGE = frozenset({"wait", "reload", "open"})
#: Playwright's own selector engines, which are no CSS, and characters that no selector needs.
_NO_CSS = re.compile(r"\A(?:[\w:-]+=|//|\.\.|internal:)|>>|[{};<\\]")
_KEY = re.compile(r"(?:(?:Control|Shift|Alt|Meta)\+){0,2}(?:[A-Za-z][A-Za-z0-9]{0,15}|[0-9])")
_WAIT = re.compile(r"(\d{1,5})\s?(?:ms)?")
#: A step opens only the page itself, with a query or a fragment.
_ADDRESS = re.compile(r"(?:\./|/)?(?:index\.html)?([?#]\S{1,299})?")

#: An expression with these could leave the page, send a request, loop for ever, or run text as code.
_FORBIDDEN = frozenset({
    "fetch", "XMLHttpRequest", "WebSocket", "EventSource", "sendBeacon", "importScripts", "Worker", "SharedWorker",
    "RTCPeerConnection", "eval", "Function", "constructor", "Reflect", "setTimeout", "setInterval", "while", "for",
    "do", "import", "history", "navigation", "cookie", "domain", "replaceState", "pushState",
})  # fmt: skip
#: Methods that change the page, and could make the expression true by themselves.
_CHANGING = frozenset({
    "open", "write", "writeln", "assign", "reload", "click", "submit", "requestSubmit", "remove", "append", "prepend",
    "appendChild", "removeChild", "replaceWith", "replaceChildren", "setAttribute", "removeAttribute",
    "toggleAttribute", "insertAdjacentHTML", "insertAdjacentElement", "insertAdjacentText", "insertBefore",
    "dispatchEvent", "setItem", "removeItem", "clear", "add", "toggle", "focus", "blur", "showModal", "close",
    "play", "pause", "call", "apply", "bind",
})  # fmt: skip

_WORD = re.compile(r"[\w-]*\w")
#: The parts of a regular expression that match no literal text: escapes, quantifiers, classes.
_NO_TEXT = re.compile(r"\\.|\{\d{1,5}(?:,\d{0,5})?\}|\[(?:[^\]\\]|\\.){0,200}\]")
#: Every page has these names and numbers, so a request need not name them.
_UNIVERSAL = frozenset({"html", "head", "body", "title", "main", "0", "1"})
#: A request that names the first tag implies the others.
_IMPLIED = {"table": ("tbody", "thead", "tr", "td", "th"), "ul": ("li",), "ol": ("li",), "select": ("option",)}


def problem_of(page: Page) -> str:
    """Return a sentence that says why a page test must not run, or ""."""
    for number, step in enumerate(page.steps, 1):
        if problem := _step_problem(step):
            return f"Step {number} ({step.do}) {problem}."
    waited = sum(_milliseconds(step.value) for step in page.steps if step.do == "wait")
    if waited > LONGEST_WAIT:
        return f"It waits {waited} ms, longer than {LONGEST_WAIT} ms."
    try:
        found = _more_than_looks(tokens_of(page.expression))
    except ScriptError:
        return "Its expression cannot be read as JavaScript."
    return f"Its expression does more than look: {found}." if found else ""


def as_page_test(page: Page) -> PageTest:
    """Convert a predicate for which `problem_of` is ""."""
    return PageTest(tuple(_action(step) for step in page.steps), page.expression)


def guesses(page: Page, words: str) -> tuple[str, ...]:
    """Return the names in a test that the brief and the checks (`words`) lack. With one, a failing test may be wrong.

    `problem_of(page)` must be "".
    """
    named = words.casefold()
    given = " ".join(step.value for step in page.steps).casefold()
    known = {*_WORD.findall(named), *_WORD.findall(given), *_UNIVERSAL}
    known |= {tag for parent, tags in _IMPLIED.items() if parent in known for tag in tags}
    literals = [token.text for token in _all_tokens(tokens_of(page.expression)) if token.kind == "literal"]
    texts = [text[1:-1] for text in literals if text[0] in "\"'`"]
    free = [text for text in texts if text.casefold() not in named and text.casefold() not in given]
    found = [word for text in (*(step.selector for step in page.steps), *free) for word in _WORD.findall(text)]
    found += [text for text in literals if text[0].isdigit()]
    found += [
        word
        for text in literals
        if text[0] == "/"
        for word in _WORD.findall(_NO_TEXT.sub(" ", text[1 : text.rindex("/")]))
    ]
    return tuple(dict.fromkeys(word for word in found if word.casefold() not in known))


def _step_problem(step: PageStep) -> str:
    if step.do in _ON_ELEMENT and not step.selector.strip():
        return "names no element"
    if step.do in _ON_PAGE and step.selector:
        return "takes no selector"
    if _NO_CSS.search(step.selector):
        return f"has a selector that is no CSS: {step.selector[:60]}"
    if step.do == "select" and not step.value:
        return "names no value to select"
    if step.do == "press" and not _KEY.fullmatch(step.value):
        return f"names no key: {step.value[:60]}"
    if step.do == "wait" and not _WAIT.fullmatch(step.value):
        return f"names no milliseconds: {step.value[:60]}"
    if step.do == "open" and not _ADDRESS.fullmatch(step.value):
        return f"opens more than a query or a fragment of the page: {step.value[:60]}"
    return ""


def _action(step: PageStep) -> PageAction:
    """Convert a step. Opening the page without a query or a fragment is a reload."""
    if step.do == "wait":
        return PageAction("wait", value=str(_milliseconds(step.value)))
    if step.do != "open":
        return PageAction(step.do, step.selector, "" if step.do in {"click", "reload"} else step.value)
    found = _ADDRESS.fullmatch(step.value)
    return PageAction("open", value=found[1]) if found and found[1] else PageAction("reload")


def _milliseconds(value: str) -> int:
    found = _WAIT.fullmatch(value)
    return int(found[1]) if found else 0


def _more_than_looks(tokens: Sequence[ScriptToken]) -> str:
    """Return the first token that does more than read the page, or ""."""
    for before, token, after in neighbours(tokens):
        for part in token.parts:
            if found := _more_than_looks(part):
                return found
        if token.kind == "word" and token.text in _FORBIDDEN:
            return token.text
        if token.kind == "word" and token.text in _CHANGING and after.text in {"(", "?."}:
            return f"{token.text}()"
        if token.kind == "sign" and (found := _changes(before, token, after)):
            return found
    return ""


def _changes(before: ScriptToken, token: ScriptToken, after: ScriptToken) -> str:
    """Return an assignment, the end of a statement, an access to a computed member or a call of one, or ""."""
    if token.text in ASSIGNING or token.text in {"++", "--"} or (token.text == ";" and after.kind):
        return token.text
    ends_value = before.is_value or before.text in {")", "]", "?."}
    if token.text == "[" and ends_value and not (after.kind == "word" or after.text[:1].isdigit()):
        return f"[{after.text[:20]}"
    return "](" if token.text == "(" and before.text == "]" else ""


def _all_tokens(tokens: Sequence[ScriptToken]) -> Iterator[ScriptToken]:
    for token in tokens:
        yield token
        for part in token.parts:
            yield from _all_tokens(part)
