"""Whether the check browser works here: tried in the background at each start, with the result in a file for all."""

from __future__ import annotations

import json
import logging

from django.conf import settings

from engine.checks.own_rules import NO_BROWSER
from tasks_app import wiring

logger = logging.getLogger(__name__)


def probe() -> str:
    """Start the browser once; store and return why it cannot be used, "" if it can. Takes about two seconds."""
    browser = wiring.browser()
    problem = browser.problem() if browser else NO_BROWSER
    draft = settings.DATA_DIR / "browser.json.new"
    draft.write_text(json.dumps({"problem": problem}))
    draft.rename(settings.DATA_DIR / "browser.json")
    if problem:
        logger.warning("js checks will be not_run: %s", problem)
    return problem


def known_problem() -> str:
    """Return the last start's result: why the browser cannot be used, "" if it can."""
    found = _found()
    return "not tried yet on this machine: that is done when its workers start" if found is None else found


def may_work() -> bool:
    """Say whether nothing is known against the browser."""
    return not _found()


def _found() -> str | None:
    try:
        return str(json.loads((settings.DATA_DIR / "browser.json").read_text())["problem"])
    except (OSError, ValueError, KeyError):
        return None
