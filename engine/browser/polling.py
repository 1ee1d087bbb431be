"""Evaluates checks again and again until they hold twice. One that does not answer at once goes on by itself and holds up no other."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING

from engine.browser.reading import Reading, answers, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playwright.async_api import Page

    Passed = Callable[[int, Reading, int], None]  # index, reading, milliseconds since the start

PAUSE = 0.2  # seconds between rounds
REST = 0.35  # seconds until what held is read again: a flicker is no pass
AT_ONCE = 2.5  # seconds after which an evaluation is left to itself
AT_LEAST = 8.5  # seconds that every evaluation has
READINGS = 3  # that every check has, on a slow machine too: checks that use the page may disturb another once


class StuckAtError(Exception):
    """The page stopped answering while the expression of this index was evaluated: an endless loop. Only a new page helps."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class PageLeftError(Exception):
    """The page is no longer the site's: some check, or the page itself, went to about:blank or the like."""


class Polling:
    """Expressions by index, in one page. `left` are those that did not pass yet, `last` what they gave when they last gave something.

    `unsteady` are those of them that held and did not when read again: the page flickers, or another check has changed it.
    `ends`: the monotonic time at which the verification is over.
    """

    def __init__(self, page: Page, expressions: Mapping[int, str], passed: Passed, *, ends: float) -> None:
        self._page, self._passed = page, passed
        self.left = dict(expressions)
        self.last: dict[int, Reading] = {}
        self.unsteady = set[int]()
        self._begun = time.monotonic()
        self._ends = ends
        self._readings: Counter[int] = Counter()
        self._slow: dict[int, tuple[asyncio.Task[Reading], float]] = {}  # with the time until which it may go on

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._begun

    async def run(self, until: float) -> None:
        """Go on until all passed or `until` seconds after the start; slow evaluations have at least their time, all others their READINGS.

        Raises StuckAtError, PageLeftError, PageGoneError.
        """
        self._readings.clear()
        while self.left and (self.elapsed() < until or self._slow_ones_may_go_on() or self._readings_are_owed()):
            await self._round([index for index in self.left if index not in self._slow])
            for index in [index for index, (task, _) in self._slow.items() if task.done()]:
                self._take_slow(index)
            await asyncio.sleep(PAUSE if self.left else 0)

    def close(self) -> None:
        """Wait for nothing any more."""
        for task, _ in self._slow.values():
            task.cancel()
        self._slow.clear()

    async def _round(self, indexes: list[int]) -> None:
        held = [index for index in indexes if await self._holds(index)]
        if held:
            await asyncio.sleep(REST)
        for index in held:
            if await self._holds(index):
                self._pass(index)
            else:
                self.unsteady.add(index)

    async def _holds(self, index: int) -> bool:
        task = asyncio.ensure_future(evaluate(self._page, self.left[index]))
        done, _ = await asyncio.wait({task}, timeout=AT_ONCE)
        if not self._page.url.startswith("http"):
            task.cancel()
            raise PageLeftError(self._page.url)
        if done:
            return self._take(index, task)
        if not await answers(self._page):
            task.cancel()
            raise StuckAtError(index)
        self._slow[index] = (task, self.elapsed() - AT_ONCE + AT_LEAST)
        return False

    def _take_slow(self, index: int) -> None:
        """A promise that took its time is not asked a second time: it waited for the truth by itself."""
        task, _ = self._slow.pop(index)
        if self._take(index, task):
            self._pass(index)

    def _take(self, index: int, task: asyncio.Task[Reading]) -> bool:
        self.last[index] = task.result()
        self._readings[index] += 1
        return self.last[index].holds

    def _pass(self, index: int) -> None:
        del self.left[index]
        self.unsteady.discard(index)
        self._passed(index, self.last[index], round(self.elapsed() * 1000))

    def _slow_ones_may_go_on(self) -> bool:
        return any(self.elapsed() < ends for _, ends in self._slow.values())

    def _readings_are_owed(self) -> bool:
        owed = any(self._readings[index] < READINGS for index in self.left.keys() - self._slow.keys())
        return owed and time.monotonic() < self._ends
