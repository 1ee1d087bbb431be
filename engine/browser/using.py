"""Uses a page as the brief says it is used, so that a check about the outcome has one: fill and send a form, press a tab.

Few and honest: what was done is told in the verdict, and a page is used only where the check's or the brief's words ask for it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from playwright.async_api import Error

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

_SECONDS = 1.5
_SAMPLES = {
    "email": "student@example.com",
    "number": "7",
    "date": "2024-02-29",
    "url": "https://example.com/",
    "tel": "5550100",
    "range": "",
}


async def use(page: Page, how: str) -> str:
    """Use the page; return in words what was done, "" where there was nothing to do."""
    done = []
    try:
        if "form" in how:
            done.append(await asyncio.wait_for(_send_form(page), 4 * _SECONDS))
        if "press" in how:
            done.append(await asyncio.wait_for(_press(page), 4 * _SECONDS))
    except (Error, TimeoutError):
        done.append("")
    return ", ".join(word for word in done if word)


async def _send_form(page: Page) -> str:
    form = page.locator("form").first
    if not await form.count():
        return ""
    filled = 0
    fields = form.locator("input:visible, textarea:visible, select:visible")
    for at in range(min(await fields.count(), 10)):
        filled += await _fill(fields.nth(at))
    name = await form.get_attribute("id", timeout=1000) or "without an id"
    button = form.locator("button:visible, input[type=submit]:visible").first
    if await button.count():
        await button.click(timeout=_SECONDS * 1000)
    else:
        await form.evaluate("form => form.requestSubmit()")
    return f"filled {filled} fields of the form {name} and sent it"


async def _fill(field: Locator) -> bool:
    kind = (await field.get_attribute("type", timeout=1000) or "text").lower()
    label = f"{await field.get_attribute('name', timeout=1000)} {await field.get_attribute('id', timeout=1000)}".lower()
    if kind in {"hidden", "submit", "button", "checkbox", "radio", "file", "reset", "image", "password", "color"}:
        return False
    if "token" in label or "key" in label:  # an optional secret stays empty
        return False
    if await field.evaluate("f => f.tagName") == "SELECT":
        await field.evaluate(
            "f => { f.selectedIndex = f.options.length - 1; f.dispatchEvent(new Event('change', {bubbles: true})) }"
        )
        return True
    if await field.input_value(timeout=1000):
        return False
    await field.fill(_SAMPLES.get(kind, "octocat" if "user" in label else "Sample text"), timeout=_SECONDS * 1000)
    return True


async def _press(page: Page) -> str:
    for wanted in ("[role=tab]:visible:not([aria-selected=true])", "main button:visible", "button:visible"):
        target = page.locator(wanted).first
        if await target.count():
            name = (await target.inner_text(timeout=1000)).strip()[:40]
            await target.click(timeout=_SECONDS * 1000)
            return f"pressed {name or 'a button'}"
    return ""
