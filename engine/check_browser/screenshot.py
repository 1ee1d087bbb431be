"""Takes a small screenshot of a page. A failing screenshot never changes a verdict."""

from __future__ import annotations

import asyncio

from playwright.async_api import Error, Page

SECONDS = 4.0
TALLEST = 4_000  # pixels
LARGEST = 400_000  # bytes


async def screenshot(page: Page, width: int) -> bytes:
    """Return a JPEG of the page's upper part, at most LARGEST bytes; b"" if it fails or is too large."""
    for tallest, quality in ((TALLEST, 55), (800, 30)):
        jpeg = await _jpeg(page, width, tallest, quality)
        if len(jpeg) <= LARGEST:
            return jpeg
    return b""


async def _jpeg(page: Page, width: int, tallest: int, quality: int) -> bytes:
    try:
        height = await asyncio.wait_for(page.evaluate("document.documentElement.scrollHeight"), SECONDS)
        tall = min(max(int(height), 200), tallest)
        shot = page.screenshot(
            type="jpeg",
            quality=quality,
            clip={"x": 0, "y": 0, "width": width, "height": tall},
            full_page=True,
            animations="disabled",
            timeout=SECONDS * 1000,
        )
        return await asyncio.wait_for(shot, SECONDS + 1)
    except (Error, TimeoutError, ValueError, TypeError, OverflowError):  # a page can return any value as its height
        return b""
