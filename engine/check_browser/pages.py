"""Opens a fresh page in its own context for each check and page test, and bounds the number of open pages."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from engine.check_browser.visit import visiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

    from engine.check_browser.network import Network, Nothing
    from engine.check_browser.visit import Visit

DESKTOP, PHONE = 1280, 390  # pixels
MOST_OPEN = 6  # a page mostly waits for its check to hold, and takes about 40 MB
MOST_OPENING = 2  # opening a page takes a core


class FreshPages:
    """Opens pages at the site's address. Callers hold `room` while they have a page open for some time."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self.room = asyncio.Semaphore(MOST_OPEN)
        self._opening = asyncio.Semaphore(MOST_OPENING)

    @asynccontextmanager
    async def fresh(self, network: Network | Nothing) -> AsyncIterator[Visit]:
        """Open a page in its own context, and close the context at the end. Raises Error if no page can be opened."""
        async with AsyncExitStack() as stack:
            async with self._opening:
                visit = await stack.enter_async_context(visiting(self._browser, network, DESKTOP, self._url))
                await visit.open(self._url)
            yield visit
