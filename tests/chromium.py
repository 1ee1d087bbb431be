"""The machine's Chromium, for tests that need a real browser."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.chromium_browser import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


def chromium() -> str:
    """Return the machine's browser; without one skip, on the checking machine (CI=true) fail."""
    found = os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, NAMES)), "")
    if not found and os.environ.get("CI") == "true":
        pytest.fail("CI=true and there is no Chromium: install it, or name one in CHROMIUM_PATH")
    if not found:
        pytest.skip("no Chromium on this machine: install it, or name one in CHROMIUM_PATH")
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """Run the machine's browser."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield running
        running.close()
