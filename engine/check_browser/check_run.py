"""Runs one check as an evaluator does: on a fresh page, until it first holds or its time is over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from playwright.async_api import Error

from engine.adapters.browser.job import NO_PAGE, Checked
from engine.check_browser.evaluation import PageGoneError
from engine.check_browser.network import Network
from engine.check_browser.polling import AT_ONCE, PageLeftError, StuckError, poll
from engine.domain.checks import Verdict
from engine.formats.expressions import selectors_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.async_api import Page

    from engine.adapters.browser.job import Job
    from engine.check_browser.evaluation import Reading
    from engine.check_browser.outside_requests import OutsideRequests
    from engine.check_browser.pages import FreshPages
    from engine.check_browser.visit import Visit

LEAST_WINDOW = 4.0  # seconds; a check that fails within a shorter window has not had enough time for a verdict
LONGEST_HTML = 400  # characters of an element
_QUERY_SECONDS = 2.0

_QUERY = """([selectors, longest]) => selectors.map((selector) => {
  try {
    const found = [...document.querySelectorAll(selector)];
    const shown = (element, most) => String(element.outerHTML).replace(/\\s+/g, " ").slice(0, most);
    if (found.length < 2) return found.length ? shown(found[0], longest) : "";
    const [first, last] = [found[0], found.at(-1)].map((element) => shown(element, longest / 2));
    return `${found.length} of them, the first ${first} and the last ${last}`;
  } catch { return "not a selector"; }
})"""
STUCK = "the page's own script does not end"
CUT = "the time for all checks was over before this one's was"


class CheckRun:
    """The check at `index` of the job. After a failure `elements` holds the HTML of its elements, by selector."""

    def __init__(self, job: Job, pages: FreshPages, foreign: OutsideRequests, index: int) -> None:
        self._pages, self._index, self._expression = pages, index, job.expressions[index]
        self._own_window = job.window
        self._network = Network(job, foreign)
        self.elements: Mapping[str, str] = {}

    async def run(self, *, window: float, ends: float) -> Checked:
        """Return the outcome. `window` is in seconds, `ends` is the verification's end in monotonic time."""
        try:
            async with self._pages.fresh(self._network) as visit:
                return await self._check_on(visit, window, ends)
        except PageGoneError as error:
            return self._outcome(Verdict.ERROR, f"the page is gone: {error}")
        except Error as error:
            return self._outcome(Verdict.ERROR, f"{NO_PAGE}: {error.message.partition(chr(10))[0][:300]}")

    async def _check_on(self, visit: Visit, window: float, ends: float) -> Checked:
        if visit.stuck:
            return self._outcome(Verdict.TIMEOUT, STUCK)
        try:
            polled = await poll(visit.page, self._expression, window=window, ends=ends)
        except StuckError:
            return self._outcome(Verdict.TIMEOUT, "the page stopped answering while this was evaluated")
        except PageLeftError as left:
            return self._outcome(Verdict.ERROR, f"the page was left for {left}")
        if polled.reading and polled.milliseconds is not None:
            detail, value = str(polled.reading), polled.reading.value
            return Checked(self._index, False, Verdict.PASS, detail, value, polled.milliseconds)
        if polled.cut or window < min(self._own_window, LEAST_WINDOW):
            last = f"{polled.reading}; " if polled.reading else ""
            return self._outcome(Verdict.NOT_RUN, f"{last}{CUT}", polled.reading.value if polled.reading else None)
        self.elements = await _elements(visit.page, self._expression)
        return self._failed(polled.reading)

    def _failed(self, reading: Reading | None) -> Checked:
        """Return the outcome of a check that does not hold: inconclusive if an unreachable host may be the cause."""
        value = reading.value if reading else None
        detail = str(reading) if reading else f"no value, though it was waited for longer than {AT_ONCE:g} s"
        if blamed := self._network.blamed(self._expression):
            hosts = ", ".join(f"{host} ({why})" for host, why in blamed.items())
            return self._outcome(Verdict.INCONCLUSIVE, f"{detail}; out of reach: {hosts}"[:1000], value)
        verdict = Verdict.TIMEOUT if reading is None else Verdict.ERROR if reading.error else Verdict.FAIL
        return self._outcome(verdict, detail, value)

    def _outcome(self, verdict: Verdict, detail: str, value: object = None) -> Checked:
        return Checked(self._index, False, verdict, detail, value)


async def _elements(page: Page, expression: str) -> dict[str, str]:
    """Return the shortened HTML of the elements that the expression selects, by selector, for the model's repair.

    Several elements are their number, the first and the last; none is "". Returns {} if the page does not answer.
    """
    selectors = selectors_of(expression)
    if not selectors:
        return {}
    try:
        shown: object = await asyncio.wait_for(page.evaluate(_QUERY, [selectors, LONGEST_HTML]), _QUERY_SECONDS)
    except (Error, TimeoutError):
        return {}
    if not isinstance(shown, list):
        return {}
    return {selector: str(html)[: LONGEST_HTML + 60] for selector, html in zip(selectors, shown, strict=False)}
