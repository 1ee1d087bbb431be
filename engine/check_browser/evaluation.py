"""Evaluates an expression in a page as an evaluator does (`page.evaluate`), and reports value and type."""

from __future__ import annotations

import asyncio
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.async_api import Error

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Page

ANSWER_SECONDS = 3.0  # a page with a free thread answers in this time, even on a busy machine
LONGEST_VALUE = 2_000  # characters of a stored value
MOST_NESTED = 200  # arrays and objects in it
FREE_MILLISECONDS = 300  # of an evaluation that must have no side effect

_GONE = re.compile(r"(target|page|context|browser)\b.*\b(closed|crashed)", re.IGNORECASE)
_FUNCTION = re.compile(r"^(async)?\s*function(\s|\()")
_FALSE_NUMBERS = frozenset({"NaN", "-0", "0n"})
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    ((int, float), "number"),
    (str, "string"),
    (type(None), "null or undefined"),
    (list, "array"),
)


class PageGoneError(Exception):
    """The page crashed or closed itself."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of one evaluation: a JSON value with its JavaScript type `kind`, or an error's text.

    `holds`: Python's `if` takes the value that Playwright returns for true, and it is not NaN.
    """

    value: object = None
    kind: str = ""
    holds: bool = False
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return self.error
        return f"{json.dumps(self.value, ensure_ascii=False)[:LONGEST_VALUE]} ({self.kind})"


async def evaluate(page: Page, expression: str) -> Reading:
    """Evaluate once without a timeout, since `page.evaluate` has none. Raises PageGoneError."""
    try:
        value = await page.evaluate(expression)
    except Error as error:
        text = error.message.removeprefix("Page.evaluate: ").partition("\n")[0][:500]
        if _GONE.search(text):
            raise PageGoneError(text) from None
        return Reading(error=text or "an error without a message")
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        return Reading(error=f"the value cannot be handed over: {error}"[:500])
    return Reading(_plain(value), _kind(value), holds=bool(value) and value == value)


async def answers(page: Page, seconds: float = ANSWER_SECONDS) -> bool:
    """Say whether the page's thread still runs our code."""
    try:
        return bool(await asyncio.wait_for(page.evaluate("true"), seconds))
    except TimeoutError:
        return False
    except Error as error:  # a page that navigates has no context for a moment, but is alive
        return not _GONE.search(error.message)


async def fails_without_effect(session: CDPSession, expression: str) -> bool:
    """Say whether an expression is false or throws, and provably has no side effect: V8 stops before the first one.

    Returns False for a promise, a function and a slow expression, about which this says nothing.
    https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#method-evaluate
    """
    parameters = {"expression": expression, "throwOnSideEffect": True, "timeout": FREE_MILLISECONDS}
    try:
        answer = await session.send("Runtime.evaluate", parameters)
    except Error:  # the evaluation took too long
        return False
    if thrown := answer.get("exceptionDetails"):
        return bool(thrown.get("exception", {}).get("className") != "EvalError")
    result = answer["result"]
    if result.get("unserializableValue") in _FALSE_NUMBERS or result["type"] == "undefined":
        return True
    return "value" in result and not result["value"]


async def syntax_problem(session: CDPSession, expression: str) -> str:
    """Return the syntax error of an expression, or "". The expression is not run.

    https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#method-compileScript
    """
    text = expression.strip()
    as_evaluated = f"({text})" if _FUNCTION.match(text) else text  # Playwright does the same
    script = {"expression": as_evaluated, "sourceURL": "", "persistScript": False}
    answer = await session.send("Runtime.compileScript", script)
    details = answer.get("exceptionDetails")
    return str(details.get("exception", {}).get("description", "a syntax error"))[:500] if details else ""


def _plain(value: object) -> object:
    """Return a JSON value, or a text if the value is long, deep, cyclic or not finite."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return _text(value)
    if len(text) > LONGEST_VALUE or text.count("[") + text.count("{") > MOST_NESTED:
        return text[:LONGEST_VALUE]
    return json.loads(text)


def _text(value: object) -> str:
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    try:
        return str(value)[:LONGEST_VALUE]
    except (ValueError, RecursionError):
        return "a value that cannot be written down"


def _kind(value: object) -> str:
    """Return the JavaScript type of a value."""
    if isinstance(value, str) and value.startswith("ref: <"):
        return "a node or another thing of the page"
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "object")
