"""What the elements that failing checks name are on the page: `false (boolean)` alone tells a model little."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from playwright.async_api import Error

from engine.core.selectors import selectors_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playwright.async_api import Page

MOST = 12
LONGEST = 400  # characters of HTML
_SECONDS = 2.0

_LOOK = """([selectors, longest]) => selectors.map((selector) => {
  try {
    const found = [...document.querySelectorAll(selector)];
    const shown = (element, most) => String(element.outerHTML).replace(/\\s+/g, " ").slice(0, most);
    if (found.length < 2) return found.length ? shown(found[0], longest) : "";
    const [first, last] = [found[0], found.at(-1)].map((element) => shown(element, longest / 2));
    return `${found.length} of them, the first ${first} and the last ${last}`;
  } catch { return "not a selector"; }
})"""


async def elements(page: Page, expressions: Iterable[str]) -> dict[str, str]:
    """Return the HTML, cut short, of what the expressions look up (of several their number, the first and the last).

    "" where there is none; nothing at all where the page does not answer.
    """
    selectors = list(dict.fromkeys(one for text in expressions for one in selectors_of(text)))[:MOST]
    if not selectors:
        return {}
    try:
        shown: object = await asyncio.wait_for(page.evaluate(_LOOK, [selectors, LONGEST]), _SECONDS)
    except (Error, TimeoutError):
        return {}
    if not isinstance(shown, list):
        return {}
    return {selector: str(html)[: LONGEST + 60] for selector, html in zip(selectors, shown, strict=False)}
