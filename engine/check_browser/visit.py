"""Visits a page in a fresh context without dialogs, downloads or navigation, and records its console and errors."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from playwright.async_api import Error

from engine.adapters.browser.job import Viewed
from engine.check_browser.evaluation import answers
from engine.check_browser.screenshot import screenshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Mapping

    from playwright.async_api import Browser, CDPSession, ConsoleMessage, Dialog, Page, Request

    from engine.check_browser.network import Isolation, Network, Nothing

PARSE_SECONDS = 10.0  # until the document is parsed, with its blocking scripts
LOAD_SECONDS = 2.0  # more until the load event; a slow picture must not delay the checks
STUCK_SECONDS = 6.0  # without an answer after that, until the script counts as endless
CLOSE_SECONDS = 2.0
MOST_LINES = 50
LONGEST_LINE = 500

_BLOCKED = re.compile(r"^Failed to load resource: net::ERR_BLOCKED_BY_CLIENT")


class Visit:
    """A page with its console and errors. `stuck`: its thread did not answer after its time to load."""

    def __init__(self, page: Page, session: CDPSession, width: int, home: str) -> None:
        self.page, self.session = page, session
        self.loaded = self.stuck = False
        self._width, self._home = width, home
        self._console: list[str] = []
        self._errors: list[str] = []
        self._failed: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        session.on("Runtime.exceptionThrown", self._on_exception)
        page.on("console", self._on_console)
        page.on("requestfailed", self._on_failed_request)
        page.on("crash", lambda _: _append(self._errors, "the page crashed"))
        page.on("dialog", self._dismiss)
        page.on("popup", lambda other: self._start(other.close()))

    async def open(self, url: str) -> None:
        """Navigate to `url`. A page that does not load in time is checked as it is."""
        try:
            await self.page.goto(url, wait_until="domcontentloaded", timeout=PARSE_SECONDS * 1000)
            await self.page.wait_for_load_state("load", timeout=LOAD_SECONDS * 1000)
            self.loaded = True
        except Error as error:
            self.stuck = not await answers(self.page, STUCK_SECONDS)
            why = "its script does not end" if self.stuck else error.message.splitlines()[0]
            _append(self._errors, f"the page did not finish loading: {why}")

    def failed_requests(self, network: Network) -> list[str]:
        """Return the requests that failed, the hosts out of reach or refused, and where the page tried to go."""
        return [
            *self._failed,
            *(f"{host}: {why}" for host, why in {**network.unreachable, **network.refused}.items()),
            *(f"the page tried to leave for {url}" for url in network.left),
        ]

    def problems(self, network: Network) -> str:
        """Return the page's first errors and failed requests in one line, "" if there are none."""
        told = [f"the page threw: {error}" for error in self._errors[:2]]
        told += [f"a request of it failed: {request}" for request in self.failed_requests(network)[:3]]
        return "; ".join(told)[:600]

    async def viewed(self, network: Network, elements: Mapping[str, str] | None = None) -> Viewed:
        """Return the page's console, errors and requests, and a screenshot. `elements` are those of failed checks."""
        hosts = {host: tuple(names) for host, names in network.hosts.items()}
        shot = b"" if self.stuck else await screenshot(self.page, self._width)
        return Viewed(
            self._width,
            self.loaded,
            shot,
            tuple(self._console),
            tuple(self._errors),
            tuple(self.failed_requests(network)[:MOST_LINES]),
            hosts,
            elements or {},
        )

    def _start(self, work: Coroutine[object, object, None]) -> None:
        """Run `work` in the background. It fails silently if its page is closed meanwhile."""

        async def run() -> None:
            with suppress(Error):
                await work

        task = asyncio.ensure_future(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _BLOCKED.match(message.text):
            where = message.location
            place = self._place(where.get("url", ""), where.get("lineNumber", 0))
            _append(self._console, f"{message.type}: {message.text[:LONGEST_LINE]}{place}")

    def _on_exception(self, event: dict[str, dict[str, object]]) -> None:
        """Record an uncaught error or rejection.

        https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#type-ExceptionDetails
        """
        details = event.get("exceptionDetails", {})
        exception = details.get("exception")
        thrown = exception if isinstance(exception, dict) else {}
        text = str(thrown.get("description") or thrown.get("value") or details.get("text") or "an error")
        line = details.get("lineNumber")
        place = self._place(str(details.get("url") or ""), line if isinstance(line, int) else 0)
        promised = " (in a promise)" if "promise" in str(details.get("text")) else ""
        _append(self._errors, f"{text.partition(chr(10))[0]}{promised}{place}")

    def _place(self, url: str, line: int) -> str:
        """Return the repository's file and the line, which the browser counts from 0."""
        if not url:
            return ""
        file = url.removeprefix(self._home).partition("?")[0].partition("#")[0] or "index.html"
        return f" ({file[:200]}:{line + 1})"

    def _on_failed_request(self, request: Request) -> None:
        _append(self._failed, f"{request.method} {request.url[:300]}: {request.failure}")

    def _dismiss(self, dialog: Dialog) -> None:
        _append(self._console, f"dialog dismissed: {dialog.type}: {dialog.message}")
        self._start(dialog.dismiss())


@asynccontextmanager
async def visiting(
    browser: Browser, network: Network | Nothing | Isolation, width: int, home: str
) -> AsyncIterator[Visit]:
    """Open a fresh page whose requests `network` answers, and close its context. `home` is the site's address."""
    context = await browser.new_context(
        viewport={"width": width, "height": 800},
        service_workers="block",
        accept_downloads=False,
        permissions=[],
        locale="en-US",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    try:
        await context.route("**/*", network.answer)
        await context.route_web_socket("**/*", network.refuse_socket)
        page = await context.new_page()
        session = await context.new_cdp_session(page)
        visit = Visit(page, session, width, home)
        await session.send("Runtime.enable")
        yield visit
    finally:
        with suppress(Error, TimeoutError):
            await asyncio.wait_for(context.close(), CLOSE_SECONDS)


def _append(lines: list[str], text: str) -> None:
    if len(lines) < MOST_LINES:
        lines.append(text[:LONGEST_LINE])
