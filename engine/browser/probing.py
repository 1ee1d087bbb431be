"""Runs one probe: on pages that show nothing, where it must not hold, then on a fresh page of the site."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from playwright.async_api import Error

from engine.adapters.browser_job import Said
from engine.browser.blank import BUILD, FILLERS
from engine.browser.network import Network, Nothing
from engine.browser.polling import PageLeftError, Polling, StuckAtError
from engine.browser.reading import PageGoneError, Reading, evaluate, syntax_problem
from engine.browser.visit import visiting
from engine.core.checks import Verdict
from engine.core.probes import Verb

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator, Page

    from engine.adapters.browser_job import Job, ProbeJob
    from engine.browser.foreign import Foreign

WIDTH = 1280  # pixels
LEAST_SECONDS = 6.0  # under which a probe is not begun
MOST_SECONDS = 25.0  # of one probe, where others wait for the time
WINDOW = 4.0  # seconds from the last step in which the expectation may become true
SETTLING = 0.7  # seconds from load until it is asked whether it holds before the steps
STEP_SECONDS = 5.0
#: A function of a query or a fragment: gives the page that shows nothing this address, and leaves it as it was built.
READDRESS = "address => history.replaceState(null, '', address)"
READ_SECONDS = 2.5  # of an expression on a page that shows nothing, or between steps


class StepFailedError(Exception):
    """A step could not be done, by the page's fault: the message says which and why."""


class Probing:
    """A probe of the job, the one at `index`."""

    def __init__(self, job: Job, browser: Browser, foreign: Foreign, index: int, probe: ProbeJob) -> None:
        self._job, self._browser, self._foreign = job, browser, foreign
        self._index, self._probe = index, probe
        self._network = Network(job, foreign)

    async def run(self, ends: float, waiting: int) -> Said:
        """Return what came of it. `ends` is the monotonic time at which the verification is over, `waiting` how many turns it is for, with this."""
        left = ends - time.monotonic()
        seconds = min(left, max(MOST_SECONDS, left / waiting))
        if seconds < LEAST_SECONDS:
            return self._said(Verdict.NOT_RUN, "no time was left for it")
        try:
            return await asyncio.wait_for(self._run(time.monotonic() + seconds), seconds)
        except TimeoutError:
            return self._said(Verdict.TIMEOUT, f"it did not end within {seconds:.0f} s")
        except (Error, PageGoneError) as error:
            return self._said(Verdict.ERROR, str(error).partition("\n")[0][:300])

    async def _run(self, ends: float) -> Said:
        if said := await self._on_nothing():
            return said
        async with visiting(self._browser, self._network, WIDTH, self._job.url) as visit:
            await visit.open(self._job.url)
            if visit.stuck:
                return self._said(Verdict.TIMEOUT, "the page's own script does not end")
            await asyncio.sleep(SETTLING if self._probe.steps else 0)
            try:
                always = await self._done(visit.page)
            except StepFailedError as failed:
                return self._failed(str(failed), None)
            said = await self._after(visit.page, ends)
            if said.verdict == Verdict.PASS and always:
                return self._said(Verdict.INCONCLUSIVE, f"it holds all along, whatever the steps do: {said.detail}")
            return said

    async def _on_nothing(self) -> Said | None:
        """Say that it is no JavaScript, or that it holds where nothing is shown."""
        async with visiting(self._browser, Nothing(), WIDTH, self._job.url) as visit:
            if problem := await syntax_problem(visit.session, self._probe.expression):
                return self._said(Verdict.INVALID, problem, empty=True)
            await visit.open(self._job.url)
            reading = None if self._probe.steps else await self._read(visit.page)
            if reading and reading.holds:
                return self._vacuous("an empty page", reading)
            choices = [value for verb, _, value in self._probe.steps if verb == Verb.SELECT]
            for filler in FILLERS:
                if self._probe.steps:  # which may have left the page before
                    await visit.open(self._job.url)
                await visit.page.evaluate(BUILD, [self._probe.words, self._probe.elements, choices, filler])
                if reading := await self._held_on_blank(visit.page):
                    return self._vacuous(f"a page that shows {filler or 'nothing'} where it looks", reading)
        return None

    async def _held_on_blank(self, page: Page) -> Reading | None:
        """Return what the expression gives where the probe would pass, None where it would not. Raises Error where that cannot be known."""
        try:
            always = await self._done(page, at_once=True)
        except StepFailedError:
            return None  # no such element could be built: the probe does not hold there
        reading = await self._read(page)
        return reading if reading.holds and not always else None

    async def _read(self, page: Page) -> Reading:
        """Return what the expression gives now. Raises Error where it gives nothing in time, PageGoneError."""
        try:
            return await asyncio.wait_for(evaluate(page, self._probe.expression), READ_SECONDS)
        except TimeoutError:
            raise Error(f"the expression gave nothing within {READ_SECONDS:g} s") from None

    async def _done(self, page: Page, *, at_once: bool = False) -> bool:
        """Do the steps; return whether the expectation held before each of them, so that they show nothing.

        `at_once`: on a page that shows nothing, where an element that is not there will not come. Raises StepFailedError, Error, PageGoneError.
        """
        held = []
        for number, step in enumerate(self._probe.steps, 1):
            held.append((await self._read(page)).holds)
            if at_once and step[1] and not await page.locator(f"css={step[1]}").count():
                raise StepFailedError(f"step {number}: there is no such element")
            if at_once and step[0] == Verb.OPEN:
                await page.evaluate(READDRESS, step[2])
                continue
            try:
                await asyncio.wait_for(_step(page, self._job.url, *step), STEP_SECONDS + 4)
            except (Error, TimeoutError) as error:
                await self._blame(page, number, step, error)
        return bool(held) and all(held)

    async def _blame(self, page: Page, number: int, step: tuple[str, str, str], error: Exception) -> None:
        """Raise StepFailedError where the page lacks the element; else the error: why it could not be used nobody knows."""
        if step[1] and not await page.locator(f"css={step[1]}").count():
            raise StepFailedError(f"step {number} ({' '.join(step).strip()}): there is no such element") from None
        raise Error(
            f"step {number} ({' '.join(step).strip()}) could not be done: {str(error).partition(chr(10))[0][:160]}"
        )

    async def _after(self, page: Page, ends: float) -> Said:
        passed: list[Said] = []

        def note(index: int, reading: Reading, milliseconds: int) -> None:
            passed.append(Said(index, False, Verdict.PASS, str(reading), reading.value, milliseconds))

        polling = Polling(page, {self._index: self._probe.expression}, note, ends=ends)
        try:
            await polling.run(WINDOW)
        except StuckAtError:
            return self._said(Verdict.TIMEOUT, "the page stopped answering while it was evaluated")
        except PageLeftError as left:
            return self._said(Verdict.ERROR, f"the page was left for {left}")
        finally:
            polling.close()
        if passed:
            return passed[0]
        reading = polling.last.get(self._index)
        if reading is None or reading.error:
            return self._said(Verdict.ERROR, str(reading) if reading else "no value")
        return self._failed(str(reading), reading.value)

    def _failed(self, detail: str, value: object) -> Said:
        """Where hosts that could not be reached may be to blame, that is nobody's fault but the network's."""
        blamed = self._network.blamed(self._probe.expression)
        if blamed:
            return self._said(Verdict.INCONCLUSIVE, f"{detail}; out of reach: {', '.join(blamed)}"[:1000], value=value)
        return self._said(Verdict.FAIL, detail, value=value)

    def _vacuous(self, where: str, reading: Reading) -> Said:
        return self._said(Verdict.VACUOUS, f"it holds on {where}: {reading}", empty=True, value=reading.value)

    def _said(self, verdict: Verdict, detail: str, *, empty: bool = False, value: object = None) -> Said:
        return Said(self._index, empty, verdict, detail, value)


async def _step(page: Page, home: str, verb: str, selector: str, value: str) -> None:
    if selector:
        await _use(page.locator(f"css={selector}").first, Verb(verb), value)
        return
    timeout = STEP_SECONDS * 1000 + 3000
    if verb == Verb.WAIT:
        await asyncio.sleep(int(value) / 1000)
    if verb == Verb.PRESS:
        await page.keyboard.press(value)
    if verb == Verb.OPEN:
        await page.goto(urljoin(home, value), wait_until="load", timeout=timeout)
    # A fragment alone opens nothing anew.
    if verb == Verb.RELOAD or (verb == Verb.OPEN and value.startswith("#")):
        await page.reload(wait_until="load", timeout=timeout)


async def _use(target: Locator, verb: Verb, value: str) -> None:
    timeout = STEP_SECONDS * 1000
    match verb:
        case Verb.PRESS:
            await target.press(value, timeout=timeout)
        case Verb.FILL:
            await target.fill(value, timeout=timeout)
        case Verb.SELECT:
            await target.select_option(value, timeout=timeout)
        case _:
            await target.click(timeout=timeout)
