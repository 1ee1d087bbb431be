"""Evaluates an expression until it first holds or its time is over, and never again after that: it may click."""

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
AT_ONCE = 2.5  # seconds after which it is asked whether the page still answers
AT_LEAST = 8.5  # seconds that an evaluation may take, such as a promise that waits by itself
READINGS = 3  # that every check has, on a slow machine too


class StuckError(Exception):
    """The page stopped answering while the expression was evaluated: an endless loop. Only a new page helps."""


class PageLeftError(Exception):
    """The page is no longer the site's: the expression, or the page itself, went to about:blank or the like."""


@dataclass(frozen=True, slots=True)
class Polled:
    """The last reading, None where no evaluation ended in time. `milliseconds`: from the start until it held, None where it did not.

    `cut`: the verification was over before the expression's own time was.
    """

    reading: Reading | None
    milliseconds: int | None = None
    cut: bool = False


async def poll(page: Page, expression: str, *, window: float, ends: float) -> Polled:
    """Evaluate until it holds or `window` seconds are over, at least READINGS times before the monotonic time `ends`.

    Raises StuckError, PageLeftError, PageGoneError.
    """
    begun = time.monotonic()
    last: Reading | None = None
    readings = 0
    while True:
        longest = max(AT_LEAST, begun + window - time.monotonic())
        left = ends - time.monotonic()
        reading = await evaluated(page, expression, min(longest, left))
        if reading is None:
            return Polled(last, cut=left < longest)
        last, readings = reading, readings + 1
        if reading.holds:
            return Polled(reading, round((time.monotonic() - begun) * 1000))
        now = time.monotonic()
        if now >= begun + window and readings >= READINGS:
            return Polled(last)
        if now >= ends:
            return Polled(last, cut=True)
        await asyncio.sleep(PAUSE)


async def evaluated(page: Page, expression: str, seconds: float) -> Reading | None:
    """Return what one evaluation gives; None where it is still waiting for something after `seconds`.

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
