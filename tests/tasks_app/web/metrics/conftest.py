"""A service with metrics enabled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tasks_app.web.metrics.scrape import TOKEN

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture(autouse=True)
def _token(settings: SettingsWrapper) -> None:
    settings.METRICS_TOKEN = TOKEN
