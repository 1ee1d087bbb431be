"""The tools that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks_app import wiring
from tasks_app.rehearsal.judging.hosting import GitHubAccess
from tasks_app.rehearsal.judging.tools import judging_tools

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper


def test_a_simulated_model_judges_nothing(settings: SettingsWrapper) -> None:
    settings.GITHUB_API_URL, settings.GITHUB_TOKEN = "https://ghe.example/api/v3", "a token"
    tools = judging_tools()
    assert tools.author is None
    assert tools.http is wiring.http()
    assert tools.github == GitHubAccess("https://ghe.example/api/v3", "a token")
    assert tools.clone.pack_bytes == 200_000_000
