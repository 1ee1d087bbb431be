"""Runs all checks in order on one page, for information: a check that holds by itself may fail after what another one did."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from engine.browser.polling import PageLeftError, StuckError, poll
from engine.browser.reading import PageGoneError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.async_api import Page

EACH_SECONDS = 1.0  # in which a check that holds by itself may come to hold
ALL_SECONDS = 6.0
LEAST_SECONDS = 12.0  # left of the verification, under which this is not begun


async def held_in_order(page: Page, expressions: Sequence[tuple[str, bool]]) -> list[bool | None]:
    """Return whether each expression held; None from where time was over or the page was lost. Each comes with whether it held by itself:
    what did not is not waited for.
    """
    ends = time.monotonic() + ALL_SECONDS
    held: list[bool | None] = []
    for expression, alone in expressions:
        begun = time.monotonic()
        if begun >= ends:
            break
        try:
            window = EACH_SECONDS if alone else 0
            polled = await poll(page, expression, window=window, ends=min(begun + window, ends))
        except (StuckError, PageLeftError, PageGoneError):
            held.append(False)
            break
        held.append(polled.milliseconds is not None)
    return [*held, *[None] * (len(expressions) - len(held))]
