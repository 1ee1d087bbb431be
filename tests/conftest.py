"""Fixtures that more than one test file needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from engine.adapters.secret_scanner import DetectSecretsScanner
from engine.adapters.system_clock import SystemClock
from engine.adapters.workbook_reader import WorkbookReader
from engine.ports import Journal, Ports
from tests.fakes import FakeAuthor, FakeBrowser, FakeFetcher, FakeForge, FakeNotifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

    from tests.doubles.github import GitHubDouble

# How quickly a busy machine makes up inputs says nothing about the code.
hypothesis_settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("any machine")


@dataclass
class Outside:
    """Everything outside of the service, in memory."""

    author: FakeAuthor = field(default_factory=FakeAuthor)
    forge: FakeForge = field(default_factory=FakeForge)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    browser: FakeBrowser | None = None
    fetcher: FakeFetcher = field(init=False)

    def __post_init__(self) -> None:
        self.fetcher = FakeFetcher(forge=self.forge)

    def ports(self, journal: Journal) -> Ports:
        return Ports(
            SystemClock(),
            self.author,
            self.forge,
            self.fetcher,
            self.notifier,
            journal,
            self.browser,
            DetectSecretsScanner(),
            WorkbookReader(),
        )


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    """Put fakes where `drive` finds its ports; the journal and the clock are the real ones."""
    fakes = Outside()
    monkeypatch.setattr("tasks_app.wiring.ports", fakes.ports)
    return fakes


@pytest.fixture
def github_double() -> Iterator[GitHubDouble]:
    """A GitHub on loopback. The test fails where a request or an answer was against GitHub's own description."""
    from tests.doubles.github import GitHubDouble

    with GitHubDouble() as double:
        yield double
        assert double.violations == []


@pytest.fixture
def _fresh_cache(settings: SettingsWrapper) -> None:
    """Forget whose secrets were wrong in other tests."""
    from django.core.cache import cache

    cache.clear()
