"""Runs one page test on an empty page, which it must fail, and then on a fresh page of the site."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from playwright.async_api import Error

from engine.adapters.browser.job import Checked
from engine.check_browser.evaluation import PageGoneError, Reading, evaluate, syntax_problem
from engine.check_browser.network import Network, Nothing
from engine.check_browser.polling import PageLeftError, StuckError, poll
from engine.domain.checks import Verdict

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

    from engine.adapters.browser.job import Job
    from engine.check_browser.outside_requests import OutsideRequests
    from engine.check_browser.pages import FreshPages
    from engine.check_browser.visit import Visit
    from engine.domain.browser_report import PageAction

LEAST_SECONDS = 6.0  # with less time left, a test is not run
MOST_SECONDS = 25.0  # of one test if the others would get less time otherwise
WINDOW = 4.0  # seconds from the last step in which the expression may become true
SETTLING = 0.7  # seconds from load until the expression is evaluated before the steps
STEP_SECONDS = 5.0
READ_SECONDS = 2.5  # of an expression on an empty page, or between steps


class StepFailedError(Exception):
    """A step failed because of the page; the message names the step and the reason."""


class PageTestRun:
    """The page test at `number` of the job, from 0."""

    def __init__(self, job: Job, pages: FreshPages, foreign: OutsideRequests, number: int) -> None:
        self._job, self._pages = job, pages
        self._index, self._test = len(job.expressions) + number, job.tests[number]
        self._network = Network(job, foreign)

    async def run(self, ends: float, waiting: int) -> Checked:
        """Return the outcome. `ends` is the verification's end in monotonic time, `waiting` the count of turns left."""
        left = ends - time.monotonic()
        seconds = min(left, max(MOST_SECONDS, left / waiting))
        if seconds < LEAST_SECONDS:
            return self._outcome(Verdict.NOT_RUN, "no time was left for it")
        try:
            return await asyncio.wait_for(self._run(time.monotonic() + seconds), seconds)
        except TimeoutError:
            return self._outcome(Verdict.TIMEOUT, f"it did not end within {seconds:.0f} s")
        except (Error, PageGoneError) as error:
            return self._outcome(Verdict.ERROR, str(error).partition("\n")[0][:300])

    async def _run(self, ends: float) -> Checked:
        if outcome := await self._on_empty_page():
            return outcome
        async with self._pages.fresh(self._network) as visit:
            if visit.stuck:
                return self._outcome(Verdict.TIMEOUT, "the page's own script does not end")
            await asyncio.sleep(SETTLING if self._test.steps else 0)
            try:
                always = await self._do_steps(visit.page)
            except StepFailedError as failed:
                return self._with_problems(self._failed(str(failed), None), visit)
            outcome = self._with_problems(await self._poll(visit.page, ends), visit)
            if outcome.verdict == Verdict.PASS and always:
                return self._outcome(
                    Verdict.INCONCLUSIVE, f"it holds all along, whatever the steps do: {outcome.detail}"
                )
            return outcome

    async def _on_empty_page(self) -> Checked | None:
        """Return the outcome if the expression is invalid or holds on an empty page, else None.

        Steps that use an element cannot be done on an empty page.
        """
        async with self._pages.fresh(Nothing()) as visit:
            if problem := await syntax_problem(visit.session, self._test.expression):
                return self._outcome(Verdict.INVALID, problem, empty=True)
            if any(step.selector for step in self._test.steps):
                return None
            await self._do_steps(visit.page)
            reading = await self._read(visit.page)
        if not reading.holds:
            return None
        return self._outcome(Verdict.VACUOUS, f"it holds on an empty page: {reading}", empty=True, value=reading.value)

    async def _read(self, page: Page) -> Reading:
        """Evaluate the expression once. Raises Error after READ_SECONDS, PageGoneError."""
        try:
            return await asyncio.wait_for(evaluate(page, self._test.expression), READ_SECONDS)
        except TimeoutError:
            raise Error(f"the expression gave nothing within {READ_SECONDS:g} s") from None

    async def _do_steps(self, page: Page) -> bool:
        """Do the steps; return whether the expression held before each of them, so that the test shows nothing.

        Raises StepFailedError, Error, PageGoneError.
        """
        held = []
        for number, step in enumerate(self._test.steps, 1):
            held.append((await self._read(page)).holds)
            try:
                await asyncio.wait_for(_do_step(page, self._job.url, step), STEP_SECONDS + 4)
            except (Error, TimeoutError) as error:
                await self._blame(page, number, step, error)
        return bool(held) and all(held)

    async def _blame(self, page: Page, number: int, step: PageAction, error: Exception) -> None:
        """Raise StepFailedError if the page lacks the element, else Error, because the cause is unknown."""
        if step.selector and not await page.locator(f"css={step.selector}").count():
            raise StepFailedError(f"step {number} ({step}): there is no such element") from None
        raise Error(f"step {number} ({step}) could not be done: {str(error).partition(chr(10))[0][:160]}")

    async def _poll(self, page: Page, ends: float) -> Checked:
        try:
            polled = await poll(page, self._test.expression, window=WINDOW, ends=ends)
        except StuckError:
            return self._outcome(Verdict.TIMEOUT, "the page stopped answering while it was evaluated")
        except PageLeftError as left:
            return self._outcome(Verdict.ERROR, f"the page was left for {left}")
        reading = polled.reading
        if polled.cut:
            return self._outcome(Verdict.NOT_RUN, "the time for it was over before the page's was")
        if reading is None or reading.error:
            return self._outcome(Verdict.ERROR, str(reading) if reading else "no value")
        if polled.milliseconds is None:
            return self._failed(str(reading), reading.value)
        return Checked(self._index, False, Verdict.PASS, str(reading), reading.value, polled.milliseconds)

    def _failed(self, detail: str, value: object) -> Checked:
        """Return a failure, or an inconclusive outcome if an unreachable host may be the cause."""
        if blamed := self._network.blamed(self._test.expression):
            return self._outcome(
                Verdict.INCONCLUSIVE, f"{detail}; out of reach: {', '.join(blamed)}"[:1000], value=value
            )
        return self._outcome(Verdict.FAIL, detail, value=value)

    def _with_problems(self, outcome: Checked, visit: Visit) -> Checked:
        """Add to a failure what went wrong on this page: a repair sees no other console of it."""
        problems = visit.problems(self._network) if outcome.verdict == Verdict.FAIL else ""
        return replace(outcome, detail=f"{outcome.detail}; {problems}"[:1000]) if problems else outcome

    def _outcome(self, verdict: Verdict, detail: str, *, empty: bool = False, value: object = None) -> Checked:
        return Checked(self._index, empty, verdict, detail, value)


async def _do_step(page: Page, home: str, step: PageAction) -> None:
    if step.selector:
        await _use_element(page.locator(f"css={step.selector}").first, step)
        return
    timeout = STEP_SECONDS * 1000 + 3000
    if step.do == "wait":
        await asyncio.sleep(int(step.value) / 1000)
    if step.do == "press":
        await page.keyboard.press(step.value)
    if step.do == "open":
        await page.goto(urljoin(home, step.value), wait_until="load", timeout=timeout)
    # A navigation to a fragment does not load the page again.
    if step.do == "reload" or (step.do == "open" and step.value.startswith("#")):
        await page.reload(wait_until="load", timeout=timeout)


async def _use_element(target: Locator, step: PageAction) -> None:
    timeout = STEP_SECONDS * 1000
    match step.do:
        case "press":
            await target.press(step.value, timeout=timeout)
        case "fill":
            await target.fill(step.value, timeout=timeout)
        case "select":
            await target.select_option(step.value, timeout=timeout)
        case _:
            await target.click(timeout=timeout)
