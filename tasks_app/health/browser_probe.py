"""Whether the check browser works here: tried in the background at each start, with the result in a file for all.

The file holds two sentences: `problem` says why no browser can be used, `warning` what is wrong with one that can.
"""

from __future__ import annotations

import json
import logging

from django.conf import settings

from engine.checks.own_rules import NO_BROWSER
from tasks_app import wiring

LACKS_SANDBOX = (
    "The check browser runs without its sandbox, which cannot be used here (CHROMIUM_NO_SANDBOX=auto): a page that "
    "breaks out of Chromium has the rights of this service's user. See docs/deployment.md."
)

logger = logging.getLogger(__name__)


def probe() -> str:
    """Start the browser once; store and return why it cannot be used, "" if it can. Takes about two seconds."""
    browser = wiring.browser()
    problem = browser.problem() if browser else NO_BROWSER
    warning = LACKS_SANDBOX if browser and browser.lacks_sandbox else ""
    draft = settings.DATA_DIR / "browser.json.new"
    try:
        draft.write_text(json.dumps({"problem": problem, "warning": warning}))
        draft.rename(settings.DATA_DIR / "browser.json")
    except OSError as error:
        logger.warning("what is known of the browser could not be stored: %s", error)
    if problem:
        logger.warning("checks in the browser will be not_run: %s", problem)
    elif warning:
        logger.warning("%s", warning)
    return problem


def known_warning() -> str:
    """Return the last start's result: why the browser cannot be used, or runs without its sandbox; else ""."""
    found = _found()
    if found is None:
        return "not tried yet on this machine: that is done when its workers start"
    problem, warning = found
    return f"Checks in the browser are not run: {problem}." if problem else warning


def may_work() -> bool:
    """Say whether nothing is known against the browser."""
    found = _found()
    return found is None or not found[0]


def _found() -> tuple[str, str] | None:
    try:
        read = json.loads((settings.DATA_DIR / "browser.json").read_text())
        return str(read["problem"]), str(read.get("warning", ""))
    except (OSError, ValueError, KeyError, AttributeError):
        return None
