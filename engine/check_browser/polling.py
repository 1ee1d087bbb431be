"""Evaluates an expression until it first holds or its time is over. It may click, so a pass ends the evaluation."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.check_browser.evaluation import answers, evaluate

if TYPE_CHECKING:
    from playwright.async_api import Page

    from engine.check_browser.evaluation import Reading

PAUSE = 0.2  # seconds between readings
AT_ONCE = 2.5  # seconds of an evaluation after which we test whether the page still answers
AT_LEAST = 8.5  # seconds that every evaluation may take, because a promise may wait
READINGS = 3  # every check gets at least this many, even on a slow machine


class StuckError(Exception):
    """The page stopped answering during an evaluation, as in an endless loop. Only a new page helps."""


class PageLeftError(Exception):
    """The expression or the page navigated to another scheme than HTTP, such as about:blank."""


@dataclass(frozen=True, slots=True)
class Polled:
    """The last reading, None if no evaluation ended in time. `milliseconds` is the time until it held, else None.

    `cut`: the verification ended before the expression's own time.
    """

    reading: Reading | None
    milliseconds: int | None = None
    cut: bool = False


async def poll(page: Page, expression: str, *, window: float, ends: float) -> Polled:
    """Evaluate until it holds or `window` seconds are over, READINGS times at least, but not past the time `ends`.

    Raises StuckError, PageLeftError, PageGoneError.
    """
    start = time.monotonic()
    last: Reading | None = None
    readings = 0
    while True:
        longest = max(AT_LEAST, start + window - time.monotonic())
        left = ends - time.monotonic()
        reading = await evaluated(page, expression, min(longest, left))
        if reading is None:
            return Polled(last, cut=left < longest)
        last, readings = reading, readings + 1
        if reading.holds:
            return Polled(reading, round((time.monotonic() - start) * 1000))
        now = time.monotonic()
        if now >= start + window and readings >= READINGS:
            return Polled(last)
        if now >= ends:
            return Polled(last, cut=True)
        await asyncio.sleep(PAUSE)


async def evaluated(page: Page, expression: str, seconds: float) -> Reading | None:
    """Evaluate once; None if the expression still waits after `seconds`.

    Raises StuckError, PageLeftError, PageGoneError.
    """
    task = asyncio.ensure_future(evaluate(page, expression))
    try:
        at_once = max(min(AT_ONCE, seconds), PAUSE)
        await asyncio.wait({task}, timeout=at_once)
        if not page.url.startswith("http"):
            raise PageLeftError(page.url)
        if not task.done():
            if not await answers(page):
                raise StuckError
            await asyncio.wait({task}, timeout=max(seconds - at_once, 0))
        return task.result() if task.done() else None
    finally:
        task.cancel()
