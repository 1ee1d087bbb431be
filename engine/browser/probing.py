"""Runs one probe: on pages that show nothing, where it must not hold, then on a fresh page of the site."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from playwright.async_api import Error

from engine.adapters.browser_job import Said
from engine.browser.network import Network, Nothing
from engine.browser.polling import PageLeftError, Polling, StuckAtError
from engine.browser.reading import PageGoneError, Reading, evaluate, syntax_problem
from engine.browser.visit import visiting
from engine.core.checks import Verdict
from engine.core.probes import Verb

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from engine.adapters.browser_job import Job, ProbeJob
    from engine.browser.foreign import Foreign

WIDTH = 1280  # pixels
LEAST_SECONDS = 6.0  # under which a probe is not begun
MOST_SECONDS = 20.0  # of one probe
WINDOW = 4.0  # seconds from the last step in which the expectation may become true
SETTLING = 0.7  # seconds from load until it is asked whether it holds before the steps
STEP_SECONDS, BLANK_STEP_SECONDS = 2.0, 0.3
BLANK_SECONDS = 0.7  # of an expression on a page that shows nothing

_BUILD = """([words, elements, filled]) => {
  const [first, ...rest] = words.split("\\n");
  document.title = first.slice(0, 80);
  const put = (parent, tag, text) => { const e = document.createElement(tag); e.textContent = text; parent.append(e); return e; };
  put(document.body, "h1", first);
  rest.forEach((line) => put(document.body, "p", line));
  const text = filled ? words.slice(0, 300) : "";
  for (const [selector, tag] of elements) {
    try {
      if (document.querySelector(selector)) continue;
      let parent = document.body;
      const parts = selector.split(",")[0].trim().split(/[\\s>+~]+(?![^[]*\\])/);
      parts.forEach((part, at) => {
        const last = at === parts.length - 1;
        const e = document.createElement(part.match(/^[a-z][a-z0-9]*/i)?.[0] ?? (last ? tag : "div"));
        for (const [, name, value] of part.matchAll(/\\[([\\w-]+)(?:[~|^$*]?=["']?([^"'\\]]*)["']?)?\\]/g)) e.setAttribute(name, value ?? "");
        const plain = part.replace(/\\[[^\\]]*\\]/g, "");
        const id = plain.match(/#([\\w-]+)/);
        if (id) e.id = id[1];
        for (const [, name] of plain.matchAll(/\\.([\\w-]+)/g)) e.classList.add(name);
        e.style.minWidth = e.style.minHeight = "20px";
        if (last && !("value" in e && e.tagName !== "BUTTON" && e.tagName !== "LI")) e.textContent = text;
        if (last && e.tagName === "INPUT" && filled) try { e.value = text.slice(0, 80); } catch { /* a file's */ }
        parent.append(e);
        parent = e;
      });
    } catch { /* not a selector: nothing is there for it */ }
  }
}"""


class StepFailedError(Exception):
    """A step could not be done: the message says which and why."""


class Probing:
    """A probe of the job, the one at `index`."""

    def __init__(self, job: Job, browser: Browser, foreign: Foreign, index: int, probe: ProbeJob) -> None:
        self._job, self._browser, self._foreign = job, browser, foreign
        self._index, self._probe = index, probe
        self._network = Network(job, foreign)

    async def run(self, ends: float) -> Said:
        """Return what came of it. `ends` is the monotonic time at which the verification is over."""
        seconds = min(ends - time.monotonic(), MOST_SECONDS)
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
            if said := await self._before(visit.page):
                return said
            try:
                await self._do(visit.page, STEP_SECONDS)
            except StepFailedError as failed:
                return self._failed(str(failed), None)
            return await self._after(visit.page, ends)

    async def _on_nothing(self) -> Said | None:
        """Say that it is no JavaScript, or that it holds where nothing is shown."""
        async with visiting(self._browser, Nothing(), WIDTH, self._job.url) as visit:
            if problem := await syntax_problem(visit.session, self._probe.expression):
                return self._said(Verdict.INVALID, problem, empty=True)
            await visit.open(self._job.url)
            if (reading := await self._read(visit.page)) and reading.holds:
                return self._vacuous("an empty page", reading)
        for filled in (False, True):
            async with visiting(self._browser, Nothing(), WIDTH, self._job.url) as visit:
                await visit.open(self._job.url)
                await visit.page.evaluate(_BUILD, [self._probe.words, self._probe.elements, filled])
                if (reading := await self._used(visit.page)) and reading.holds:
                    what = "the brief's words" if filled else "nothing"
                    return self._vacuous(f"a page that shows {what} where it looks", reading)
        return None

    async def _used(self, page: Page) -> Reading | None:
        """Do the steps as far as they can be done there, and return what the expression gives then."""
        with suppress(StepFailedError):
            await self._do(page, BLANK_STEP_SECONDS)
        return await self._read(page)

    async def _read(self, page: Page) -> Reading | None:
        try:
            return await asyncio.wait_for(evaluate(page, self._probe.expression), BLANK_SECONDS)
        except (TimeoutError, PageGoneError):
            return None  # whatever it does there, the real page decides

    async def _before(self, page: Page) -> Said | None:
        """What holds before the steps says nothing about them."""
        if not self._probe.steps:
            return None
        await asyncio.sleep(SETTLING)
        reading = await self._read(page)
        if reading and reading.holds:
            return self._said(
                Verdict.INCONCLUSIVE, f"it holds before its steps are done: {reading}", value=reading.value
            )
        return None

    async def _do(self, page: Page, seconds: float) -> None:
        """Do the steps in order. Raises StepFailedError."""
        for number, step in enumerate(self._probe.steps, 1):
            try:
                await asyncio.wait_for(_step(page, *step, seconds), seconds + 4)
            except (Error, TimeoutError) as error:
                why = str(error).partition("\n")[0][:160] or "it did not end"
                raise StepFailedError(f"step {number} ({' '.join(step).strip()}) could not be done: {why}") from None

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


async def _step(page: Page, verb: str, selector: str, value: str, seconds: float) -> None:
    timeout = seconds * 1000
    target = page.locator(f"css={selector}").first if selector else None
    match Verb(verb):
        case Verb.WAIT:
            await asyncio.sleep(int(value) / 1000)
        case Verb.RELOAD:
            await page.reload(wait_until="load", timeout=timeout + 3000)
        case Verb.PRESS if target is None:
            await page.keyboard.press(value)
        case Verb.PRESS if target:
            await target.press(value, timeout=timeout)
        case Verb.FILL if target:
            await target.fill(value, timeout=timeout)
        case Verb.SELECT if target:
            await target.select_option(value, timeout=timeout)
        case _ if target:
            await target.click(timeout=timeout)
        case _:
            return
