"""Runs a verification: finds vacuous checks, runs each check on its own page, and opens the page at two widths."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

from engine.adapters.browser.job import Checked, CheckedInOrder, event_line
from engine.check_browser.check_run import STUCK, CheckRun
from engine.check_browser.empty_pages import senseless
from engine.check_browser.in_order import LEAST_SECONDS, held_in_order
from engine.check_browser.network import Network
from engine.check_browser.outside_requests import OutsideRequests
from engine.check_browser.page_test_run import PageTestRun
from engine.check_browser.pages import DESKTOP, MOST_OPEN, PHONE, FreshPages
from engine.check_browser.visit import visiting
from engine.domain.checks import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playwright.async_api import Browser

    from engine.adapters.browser.job import Event, Job
    from engine.check_browser.visit import Visit

TESTS_AT_ONCE = 2
MOST_ELEMENTS = 12


def emit(event: Event) -> None:
    """Send an event to the parent without buffering, so that it arrives even if this process is killed next."""
    sys.stdout.buffer.write(event_line(event))
    sys.stdout.buffer.flush()


class Verification:
    def __init__(self, job: Job, browser: Browser) -> None:
        self._job, self._browser = job, browser
        self._foreign = OutsideRequests(job)
        self._pages = FreshPages(browser, job.url)
        self._ends = time.monotonic() + job.seconds
        self._elements = dict[str, str]()

    async def run(self) -> None:
        """Emit the outcomes of all checks and page tests, and a view of the page at both widths."""
        phone = asyncio.ensure_future(self._view_on_phone())
        network = Network(self._job, self._foreign)
        async with visiting(self._browser, network, DESKTOP, self._job.url) as visit:
            opened = asyncio.ensure_future(visit.open(self._job.url))
            sensible = await self._sensible()
            await opened
            # A failing check waits for its whole window, and the tests use that time.
            tests = asyncio.ensure_future(self._test(stuck=visit.stuck))
            await self._check(sensible, stuck=visit.stuck)
            emit(await visit.viewed(network, self._elements))
            await self._check_in_order(visit)
        await asyncio.gather(phone, tests)

    async def _view_on_phone(self) -> None:
        network = Network(self._job, self._foreign)
        async with visiting(self._browser, network, PHONE, self._job.url) as visit:
            await visit.open(self._job.url)
            emit(await visit.viewed(network))

    async def _sensible(self) -> list[int]:
        """Emit the outcomes of checks that say nothing about a page; return the indexes of the others."""
        expressions = dict(enumerate(self._job.expressions))
        outcomes = await senseless(self._pages, expressions) if expressions else ()
        for outcome in outcomes:
            del expressions[outcome.index]
            emit(outcome)
        return list(expressions)

    async def _check(self, indexes: Sequence[int], *, stuck: bool) -> None:
        """Run each check on its own page. Many failing checks share the time."""
        if stuck:
            for index in indexes:
                emit(Checked(index, False, Verdict.TIMEOUT, STUCK))
            return

        async def one(index: int, waiting: int) -> None:
            async with self._pages.room:
                left = self._ends - time.monotonic()
                if left <= 0:
                    emit(Checked(index, False, Verdict.NOT_RUN, "no time was left for this"))
                    return
                run = CheckRun(self._job, self._pages, self._foreign, index)
                window = min(self._job.window, left / _turns(waiting, MOST_OPEN))
                emit(await run.run(window=window, ends=self._ends))
                self._record_elements(run.elements)

        await asyncio.gather(*(one(index, len(indexes) - at) for at, index in enumerate(indexes)))

    def _record_elements(self, elements: Mapping[str, str]) -> None:
        for selector, shown in elements.items():
            if len(self._elements) < MOST_ELEMENTS:
                self._elements.setdefault(selector, shown)

    async def _check_in_order(self, visit: Visit) -> None:
        """Run the checks again, one after the other on a page that no check has used, if there is time."""
        if not self._job.in_order or visit.stuck or self._ends - time.monotonic() < LEAST_SECONDS:
            return
        expressions = [self._job.expressions[index] for index in self._job.in_order]
        emit(CheckedInOrder(tuple(await held_in_order(visit.page, expressions))))

    async def _test(self, *, stuck: bool) -> None:
        """Run the page tests, TESTS_AT_ONCE at a time, since they mostly wait."""
        first, count = len(self._job.expressions), len(self._job.tests)
        if stuck:
            for index in range(first, first + count):
                emit(Checked(index, False, Verdict.TIMEOUT, STUCK))
            return
        room = asyncio.Semaphore(TESTS_AT_ONCE)

        async def one(number: int) -> None:
            async with room:
                run = PageTestRun(self._job, self._pages, self._foreign, number)
                emit(await run.run(self._ends, _turns(count - number, TESTS_AT_ONCE)))

        await asyncio.gather(*(one(number) for number in range(count)))


def _turns(waiting: int, at_once: int) -> int:
    """Return the number of turns until all `waiting` have run."""
    return -(-waiting // at_once)
