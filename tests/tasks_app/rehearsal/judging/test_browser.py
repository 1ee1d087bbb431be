"""The page of a submission in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.chromium_browser import ChromiumBrowser, Machine
from tasks_app.rehearsal.criteria import CRITERIA
from tests.chromium import chromium
from tests.tasks_app.rehearsal.judging.test_pages import IN_ORDER, LOADS
from tests.tasks_app.rehearsal.judging.world import FILES, tools_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tasks_app.rehearsal.judging.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = b"""<!doctype html><title>Sums</title><p id="total">1</p><button id="more" onclick="
document.querySelector('#total').textContent = '2'">More</button><script>throw new Error('planted')</script>
"""
FIRST = "document.querySelector('#total').textContent === '1'"
CLICK = "(document.querySelector('#more').click(), document.querySelector('#total').textContent === '2')"
NEVER = "document.querySelector('#none') !== null"


def test_checks_on_fresh_pages_and_in_order_with_a_picture(world: World, tmp_path: Path) -> None:
    machine = Machine(tmp_path, chromium(), sandbox=False, private_pages=True, window=2.0)
    world.publish(FILES | {"index.html": PAGE})
    criteria = CRITERIA.validate_python([f"js: {one}" for one in (CLICK, FIRST, NEVER)])
    results = world.judged(criteria=criteria, tools=tools_for(browser=ChromiumBrowser(machine)))
    assert [results[one].score for one in (CLICK, FIRST, NEVER)] == [1.0, 1.0, 0.0]
    assert results[IN_ORDER].score == pytest.approx(1 / 3)
    assert f"failed: {FIRST}" in results[IN_ORDER].log
    assert results[LOADS].score == 0.0
    assert "planted" in results[LOADS].reason
    assert results[LOADS].screenshot.startswith(b"\xff\xd8")
