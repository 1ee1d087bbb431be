"""A service that keeps screenshots for 10 days, prompts for 20 and rounds for 30."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture(autouse=True)
def _kept(settings: SettingsWrapper) -> None:
    settings.KEEP_SCREENSHOTS_DAYS, settings.KEEP_PROMPTS_DAYS, settings.KEEP_ROUNDS_DAYS = 10, 20, 30
