"""Opens a fresh page in a context of its own for each check and page test, and bounds how many are open."""

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
MOST_OPEN = 6  # a page whose check does not hold yet mostly waits, and takes about 40 MB
MOST_OPENING = 2  # opening one takes a core


class FreshPages:
    """Opens pages at the site's address. `room` is to be held by whoever has one open for a while."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self.room = asyncio.Semaphore(MOST_OPEN)
        self._opening = asyncio.Semaphore(MOST_OPENING)

    @asynccontextmanager
    async def fresh(self, network: Network | Nothing) -> AsyncIterator[Visit]:
        """Open a page in a context of its own, and close it with all that it opened. Raises Error where none can be opened."""
        async with AsyncExitStack() as stack:
            async with self._opening:
                visit = await stack.enter_async_context(visiting(self._browser, network, DESKTOP, self._url))
                await visit.open(self._url)
            yield visit
