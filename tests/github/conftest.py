"""The service on its double."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.http_server import HttpServer
from tests.github.service import Service, forget_wiring, make_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

    from tests.doubles.github.double import GitHubDouble


@pytest.fixture
def service(
    github_double: GitHubDouble, settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch, db: None
) -> Iterator[Service]:
    """A service that publishes to a GitHub on loopback. No limit and nothing of GitHub's description was broken."""
    github_double.state.build_seconds = 4.0
    with HttpServer() as evaluator:
        yield make_service(github_double, evaluator, settings, monkeypatch)
        assert github_double.violations == []
        assert github_double.exceeded == []
    forget_wiring()
