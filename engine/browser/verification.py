"""A verification: which checks say anything at all, how they come out on the page, and how it looks on two screens."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

from engine.adapters.browser_job import Event, Said, event_line
from engine.browser.elements import elements
from engine.browser.foreign import Foreign
from engine.browser.network import Network, Nothing
from engine.browser.polling import AT_ONCE, PageLeftError, Polling, StuckAtError
from engine.browser.probing import Probing
from engine.browser.reading import PageGoneError, Reading, answers, evaluate, syntax_problem
from engine.browser.using import use
from engine.browser.visit import visiting
from engine.core.checks import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.async_api import Browser, Page

    from engine.adapters.browser_job import Job, ProbeJob
    from engine.browser.visit import Visit

DESKTOP, PHONE = 1280, 390  # pixels
EMPTY_SECONDS = 0.7  # of one check on an empty page; one that still waits then does not hold there
BEFORE_USE = 4.0  # seconds after which the page is used, where nothing else is left to wait for
AFTER_USE = 5.0
PROBES_AT_ONCE = 2
STUCK = "the page's own script does not end"

_NAVIGATED = "context was destroyed"  # what Playwright says where the check before it left the page


def tell(event: Event) -> None:
    """Say something to the parent, at once: what was said counts even if this process is killed a moment later."""
    sys.stdout.buffer.write(event_line(event))
    sys.stdout.buffer.flush()


class Verification:
    """The job's run in one browser."""

    def __init__(self, job: Job, browser: Browser) -> None:
        self._job, self._browser = job, browser
        self._foreign = Foreign(job)
        self._ends = time.monotonic() + job.seconds
        self._open: dict[int, str] = dict(enumerate(job.expressions))
        self._failing = set[int]()
        self._used = ""  # how the page was used before the present reading
        self._alone = False  # whether every check has a page of its own, because one of them destroys it
        self._stuck = False
        self._disturbed: dict[int, Said] = {}  # what is said of those tried once more, if no time is left for it

    async def run(self) -> None:
        """Lint the checks on an empty page while the page loads, run them on the page, and look at it on a phone meanwhile."""
        looked = asyncio.ensure_future(self._look())
        linted = asyncio.ensure_future(self._lint())
        while not await self._visited(linted):
            pass
        self._close_all(Verdict.TIMEOUT, "no time was left for this")
        await looked
        await self._probe()

    async def _probe(self) -> None:
        """Run the probes, two at a time: most of what they do is wait."""
        free = asyncio.Semaphore(PROBES_AT_ONCE)

        if self._stuck:
            for index in range(len(self._job.expressions), len(self._job.expressions) + len(self._job.probes)):
                tell(Said(index, False, Verdict.TIMEOUT, STUCK))
            return

        async def one(index: int, probe: ProbeJob) -> None:
            async with free:
                waiting = -(-(len(self._job.expressions) + len(self._job.probes) - index) // PROBES_AT_ONCE)
                tell(await Probing(self._job, self._browser, self._foreign, index, probe).run(self._ends, waiting))

        await asyncio.gather(*(one(at, probe) for at, probe in enumerate(self._job.probes, len(self._job.expressions))))

    async def _look(self) -> None:
        network = Network(self._job, self._foreign)
        async with visiting(self._browser, network, PHONE, self._job.url) as visit:
            await visit.open(self._job.url)
            tell(await visit.seen(network))

    async def _lint(self) -> None:
        """What is no JavaScript never holds, and a check that holds on an empty page shows nothing."""
        async with visiting(self._browser, Nothing(), DESKTOP, self._job.url) as visit:
            for index, expression in list(self._open.items()):
                if problem := await syntax_problem(visit.session, expression):
                    self._close(Said(index, True, Verdict.INVALID, problem))
        for index in await self._holding_on_empty(list(self._open)):  # one after the other on the same page: quick
            await self._holding_on_empty([index], vacuous=True)

    async def _holding_on_empty(self, indexes: list[int], *, vacuous: bool = False) -> list[int]:
        """Return which hold, or may, on an empty page; close those that do where `vacuous`. After one that does not end comes a fresh page."""
        holding, waiting = list[int](), list(indexes)
        while waiting:
            async with visiting(self._browser, Nothing(stays=True), DESKTOP, self._job.url) as visit:
                await visit.open(self._job.url)
                while waiting and (reading := await self._on_empty(visit.page, waiting[0])):
                    index = waiting.pop(0)
                    if reading.holds or _NAVIGATED in reading.error:
                        holding.append(index)
                    if reading.holds and vacuous:
                        said = Said(index, True, Verdict.VACUOUS, f"holds on an empty page: {reading}", reading.value)
                        self._close(said)
                waiting = waiting[1:]
        return holding

    async def _on_empty(self, page: Page, index: int) -> Reading | None:
        """Return what it gives; None where it still waits or does not end: then the real page decides."""
        task = asyncio.ensure_future(evaluate(page, self._open[index]))
        try:
            await asyncio.wait({task}, timeout=EMPTY_SECONDS)
            if not task.done():
                await answers(page)  # comes after it, where it is only this machine that is slow
            return task.result() if task.done() else None
        except PageGoneError:
            return None
        finally:
            task.cancel()

    async def _visited(self, linted: asyncio.Future[None]) -> bool:
        """Open the page and run what is left; say whether that is all, or a check made the page unusable for the rest."""
        network = Network(self._job, self._foreign)
        async with visiting(self._browser, network, DESKTOP, self._job.url) as visit:
            await visit.open(self._job.url)
            await linted
            await self._checked(visit, network)
            done = not self._open or time.monotonic() >= self._ends
            if done:
                failing = [self._job.expressions[index] for index in sorted(self._failing)]
                tell(await visit.seen(network, {} if visit.stuck else await elements(visit.page, failing)))
            return done

    async def _checked(self, visit: Visit, network: Network) -> None:
        """Run what is left, up to the first check that makes the page unusable."""
        if visit.stuck:
            self._stuck = True
            self._close_all(Verdict.TIMEOUT, STUCK)
            return
        self._used = ""
        wanted = dict(list(self._open.items())[: 1 if self._alone else None])
        polling = Polling(visit.page, wanted, self._passed, ends=self._ends)
        try:
            await self._polled(polling, visit.page)
        except StuckAtError as stuck:
            detail = "the page stopped answering while this was evaluated"
            self._close(Said(stuck.index, False, Verdict.TIMEOUT, detail))
        except PageLeftError as left:
            self._left(polling, f"the page was left for {left}")
        except PageGoneError as gone:
            visit.stuck = True
            self._left(polling, f"the page is gone: {gone}")
        else:
            self._judge(polling, network)
        finally:
            polling.close()

    def _judge(self, polling: Polling, network: Network) -> None:
        """Say of what is left that it fails; what held for a moment beside other checks may be disturbed by one, and is tried alone."""
        for index in polling.left:
            said = _failed(index, polling.last.get(index), network.blamed(self._job.expressions[index]))
            if index in polling.unsteady and not self._alone and len(self._job.expressions) > 1:
                self._disturbed[index] = said
                continue
            self._failing.add(index)
            self._close(said)
        self._alone = self._alone or bool(self._disturbed)

    def _left(self, polling: Polling, why: str) -> None:
        """Whose fault it is cannot be known: from now on every check has a page of its own, and then it can."""
        if self._alone:
            for index in list(polling.left):
                self._close(Said(index, False, Verdict.ERROR, why))
        self._alone = True

    async def _polled(self, polling: Polling, page: Page) -> None:
        """Wait for the checks to hold; use the page for those that still fail and whose words ask for it, and wait once more."""
        window = self._window()
        await polling.run(min(window, BEFORE_USE) if self._all_usable(polling) else window)
        for how in sorted({self._job.usable[index] for index in polling.left} - {""}):
            if done := await use(page, how):
                self._used = done
                until = max(window, polling.elapsed() + AFTER_USE)
                await polling.run(min(until, polling.elapsed() + self._window()))

    def _all_usable(self, polling: Polling) -> bool:
        return bool(polling.left) and all(self._job.usable[index] for index in polling.left)

    def _window(self) -> float:
        return max(min(self._job.window, self._ends - time.monotonic()), 0.0)

    def _passed(self, index: int, reading: Reading, milliseconds: int) -> None:
        used = f"after the check {self._used}: " if self._used else ""
        self._close(Said(index, False, Verdict.PASS, f"{used}{reading}", reading.value, milliseconds))

    def _close(self, said: Said) -> None:
        self._open.pop(said.index, None)
        tell(said)

    def _close_all(self, verdict: Verdict, detail: str) -> None:
        for index in list(self._open):
            self._close(self._disturbed.get(index) or Said(index, False, verdict, detail))


def _failed(index: int, reading: Reading | None, blamed: Mapping[str, str]) -> Said:
    """Say why a check does not hold; where hosts that could not be reached may be `blamed`, that is nobody's fault but the network's."""
    value = reading.value if reading else None
    detail = str(reading) if reading else f"no value, though asked for more than {AT_ONCE:g} s"
    if blamed:
        hosts = ", ".join(f"{host} ({why})" for host, why in blamed.items())
        return Said(index, False, Verdict.INCONCLUSIVE, f"{detail}; out of reach: {hosts}"[:1000], value)
    verdict = Verdict.TIMEOUT if reading is None else Verdict.ERROR if reading.error else Verdict.FAIL
    return Said(index, False, verdict, detail, value)
