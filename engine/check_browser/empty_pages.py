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

EMPTY_SECONDS = 0.7  # of one check on an empty page; after that it counts as not holding there


async def senseless(pages: FreshPages, expressions: Mapping[int, str]) -> list[Checked]:
    """Return the outcomes of the expressions that say nothing about a page. `expressions` are by index.

    Expressions that provably fail without a side effect share one empty page; each of the others gets its own.
    """
    found, unsure = list[Checked](), dict[int, str]()
    async with pages.fresh(Nothing(stays=True)) as visit:
        for index, expression in expressions.items():
            if problem := await syntax_problem(visit.session, expression):
                found.append(Checked(index, True, Verdict.INVALID, problem))
            elif not await fails_without_effect(visit.session, expression):
                unsure[index] = expression
    alone = await asyncio.gather(*(_on_own_page(pages, index, expression) for index, expression in unsure.items()))
    return [*found, *(outcome for outcome in alone if outcome)]


async def _on_own_page(pages: FreshPages, index: int, expression: str) -> Checked | None:
    """Return the outcome if the expression holds on its own empty page, else None."""
    async with pages.room, pages.fresh(Nothing(stays=True)) as visit:
        reading = await _evaluate_once(visit.page, expression)
    if reading is None or not reading.holds:
        return None
    return Checked(index, True, Verdict.VACUOUS, f"holds on an empty page: {reading}", reading.value)


async def _evaluate_once(page: Page, expression: str) -> Reading | None:
    """Evaluate once; None if the expression has no value in time, so that the real page decides."""
    task = asyncio.ensure_future(evaluate(page, expression))
    try:
        await asyncio.wait({task}, timeout=EMPTY_SECONDS)
        if not task.done():
            await answers(page)  # on a slow machine the value arrives before this answer
        return task.result() if task.done() else None
    except PageGoneError:
        return None
    finally:
        task.cancel()
