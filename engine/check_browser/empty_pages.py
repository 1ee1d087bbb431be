"""Finds checks that say nothing about a page: invalid JavaScript, and checks that already hold on an empty page."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.adapters.browser.job import Checked
from engine.check_browser.evaluation import PageGoneError, answers, evaluate, fails_without_effect, syntax_problem
from engine.check_browser.network import Nothing
from engine.domain.checks import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.async_api import Page

    from engine.check_browser.evaluation import Reading
    from engine.check_browser.pages import FreshPages

EMPTY_SECONDS = 0.7  # of one check on an empty page; one that still waits then does not hold there


async def senseless(pages: FreshPages, expressions: Mapping[int, str]) -> list[Checked]:
    """Return the outcome of each expression, by index, that says nothing about a page.

    One page is shared by those that fail on it and provably leave it as it is, which most do at once; the others have an empty page each.
    """
    found, unsure = list[Checked](), dict[int, str]()
    async with pages.fresh(Nothing(stays=True)) as visit:
        for index, expression in expressions.items():
            if problem := await syntax_problem(visit.session, expression):
                found.append(Checked(index, True, Verdict.INVALID, problem))
            elif not await fails_without_effect(visit.session, expression):
                unsure[index] = expression
    alone = await asyncio.gather(*(_alone(pages, index, expression) for index, expression in unsure.items()))
    return [*found, *(outcome for outcome in alone if outcome)]


async def _alone(pages: FreshPages, index: int, expression: str) -> Checked | None:
    """Return that the expression holds on an empty page of its own, None where it does not."""
    async with pages.room, pages.fresh(Nothing(stays=True)) as visit:
        reading = await _evaluated(visit.page, expression)
    if reading is None or not reading.holds:
        return None
    return Checked(index, True, Verdict.VACUOUS, f"holds on an empty page: {reading}", reading.value)


async def _evaluated(page: Page, expression: str) -> Reading | None:
    """Return what it gives; None where it still waits or does not end: then the real page decides."""
    task = asyncio.ensure_future(evaluate(page, expression))
    try:
        await asyncio.wait({task}, timeout=EMPTY_SECONDS)
        if not task.done():
            await answers(page)  # comes after it, where it is only this machine that is slow
        return task.result() if task.done() else None
    except PageGoneError:
        return None
    finally:
        task.cancel()
