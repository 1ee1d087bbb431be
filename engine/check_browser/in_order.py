"""Runs all checks in order on one page, for information: a check may fail because of what an earlier one did."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from engine.check_browser.evaluation import PageGoneError
from engine.check_browser.polling import PageLeftError, StuckError, evaluated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.async_api import Page

EACH_SECONDS = 2.5  # of one check, which may be a promise
ALL_SECONDS = 8.0
LEAST_SECONDS = 15.0  # with less time left, the verification skips this


async def held_in_order(page: Page, expressions: Sequence[str]) -> list[bool | None]:
    """Evaluate each expression once; return whether it held, None if it was not evaluated."""
    ends = time.monotonic() + ALL_SECONDS
    held: list[bool | None] = []
    for expression in expressions:
        left = ends - time.monotonic()
        if left <= 0:
            break
        try:
            reading = await evaluated(page, expression, min(EACH_SECONDS, left))
        except (StuckError, PageLeftError, PageGoneError):
            held.append(False)
            break
        held.append(reading is not None and reading.holds)
    return [*held, *[None] * (len(expressions) - len(held))]
