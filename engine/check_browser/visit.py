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

    from playwright.async_api import Browser, BrowserContext, CDPSession, ConsoleMessage, Dialog, Page, Request

    from engine.check_browser.network import Network, Nothing

PARSE_SECONDS = 10.0  # until the document is there, scripts that hold it up included
LOAD_SECONDS = 2.0  # more until everything in it is; a slow picture holds up no check
STUCK_SECONDS = 6.0  # without an answer, after that, until its script is held to be endless
CLOSE_SECONDS = 2.0
MOST_LINES = 50
LONGEST_LINE = 500

_BLOCKED = re.compile(r"^Failed to load resource: net::ERR_BLOCKED_BY_CLIENT")


class Visit:
    """A page with its console and errors. `stuck`: its thread did not answer even when its time to load was over."""

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
        page.on("crash", lambda _: _keep(self._errors, "the page crashed"))
        page.on("dialog", self._dismiss)
        page.on("popup", lambda other: self._meanwhile(other.close()))

    async def open(self, url: str) -> None:
        """Go there; a page that does not load in time is looked at as it is."""
        try:
            await self.page.goto(url, wait_until="domcontentloaded", timeout=PARSE_SECONDS * 1000)
            await self.page.wait_for_load_state("load", timeout=LOAD_SECONDS * 1000)
            self.loaded = True
        except Error as error:
            self.stuck = not await answers(self.page, STUCK_SECONDS)
            why = "its script does not end" if self.stuck else error.message.splitlines()[0]
            _keep(self._errors, f"the page did not finish loading: {why}")

    async def viewed(self, network: Network, elements: Mapping[str, str] | None = None) -> Viewed:
        """Return what the page said and asked for, and how it looks now; `elements` as they were found meanwhile."""
        failed = [
            *self._failed,
            *(f"{host}: {why}" for host, why in {**network.unreachable, **network.refused}.items()),
            *(f"the page tried to leave for {url}" for url in network.left),
        ]
        hosts = {host: tuple(names) for host, names in network.hosts.items()}
        shot = b"" if self.stuck else await screenshot(self.page, self._width)
        return Viewed(
            self._width,
            self.loaded,
            shot,
            tuple(self._console),
            tuple(self._errors),
            tuple(failed[:MOST_LINES]),
            hosts,
            elements or {},
        )

    def _meanwhile(self, work: Coroutine[object, object, None]) -> None:
        """Do something while the page goes on; what is no longer there need not be done."""

        async def done() -> None:
            with suppress(Error):
                await work

        task = asyncio.ensure_future(done())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _BLOCKED.match(message.text):
            where = message.location
            place = self._place(where.get("url", ""), where.get("lineNumber", 0))
            _keep(self._console, f"{message.type}: {message.text[:LONGEST_LINE]}{place}")

    def _on_exception(self, event: dict[str, dict[str, object]]) -> None:
        """An uncaught error or rejection. https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#type-ExceptionDetails"""
        details = event.get("exceptionDetails", {})
        exception = details.get("exception")
        thrown = exception if isinstance(exception, dict) else {}
        text = str(thrown.get("description") or thrown.get("value") or details.get("text") or "an error")
        line = details.get("lineNumber")
        place = self._place(str(details.get("url") or ""), line if isinstance(line, int) else 0)
        promised = " (in a promise)" if "promise" in str(details.get("text")) else ""
        _keep(self._errors, f"{text.partition(chr(10))[0]}{promised}{place}")

    def _place(self, url: str, line: int) -> str:
        """Return the file and line in words of the repository; lines come counted from 0."""
        if not url:
            return ""
        file = url.removeprefix(self._home).partition("?")[0].partition("#")[0] or "index.html"
        return f" ({file[:200]}:{line + 1})"

    def _on_failed_request(self, request: Request) -> None:
        _keep(self._failed, f"{request.method} {request.url[:300]}: {request.failure}")

    def _dismiss(self, dialog: Dialog) -> None:
        _keep(self._console, f"dialog dismissed: {dialog.type}: {dialog.message}")
        self._meanwhile(dialog.dismiss())


@asynccontextmanager
async def visiting(browser: Browser, network: Network | Nothing, width: int, home: str) -> AsyncIterator[Visit]:
    """Open a fresh page of a width, tied to the network, and close it with all that it opened. `home` is the site's address."""
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
        await _closed(context)


async def _closed(context: BrowserContext) -> None:
    with suppress(Error, TimeoutError):
        await asyncio.wait_for(context.close(), CLOSE_SECONDS)


def _keep(lines: list[str], text: str) -> None:
    if len(lines) < MOST_LINES:
        lines.append(text[:LONGEST_LINE])
