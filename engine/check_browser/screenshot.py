"""Takes a small screenshot of a page. A failing screenshot never changes a verdict."""

from __future__ import annotations

import asyncio

from playwright.async_api import Error, Page

SECONDS = 4.0
TALLEST = 4_000  # pixels
LARGEST = 400_000  # bytes


async def screenshot(page: Page, width: int) -> bytes:
    """Return a JPEG of the page's upper part, at most LARGEST; b"" where the page does not hold still for it."""
    for tallest, quality in ((TALLEST, 55), (800, 30)):
        taken = await _taken(page, width, tallest, quality)
        if len(taken) <= LARGEST:
            return taken
    return b""


async def _taken(page: Page, width: int, tallest: int, quality: int) -> bytes:
    try:
        height = await asyncio.wait_for(page.evaluate("document.documentElement.scrollHeight"), SECONDS)
        tall = min(max(int(height), 200), tallest)
        taken = page.screenshot(
            type="jpeg",
            quality=quality,
            clip={"x": 0, "y": 0, "width": width, "height": tall},
            full_page=True,
            animations="disabled",
            timeout=SECONDS * 1000,
        )
        return await asyncio.wait_for(taken, SECONDS + 1)
    except (Error, TimeoutError, ValueError, TypeError, OverflowError):  # a page may give anything for its height
        return b""
