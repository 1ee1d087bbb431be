"""Fixtures that more than one test file needs."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from engine.adapters.secret_scanner import DetectSecretsScanner
from engine.adapters.workbooks.workbook_reader import WorkbookReader
from engine.ports import Journal, Ports
from tests.fakes import FakeAuthor, FakeBrowser, FakeFetcher, FakeForge, FakeNotifier
from tests.system_clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from pytest_django.fixtures import SettingsWrapper

    from tests.doubles.github.double import GitHubDouble

#: Markers of tests that depend on how a machine schedules processes: such a test is run again, at most twice, when it
#: fails. No other test is.
RERUN = ("browser", "processes")

#: The audit events of a process that is started (https://docs.python.org/3/library/audit_events.html).
PROCESS_STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"})

#: The openai package asks the machine for its processor; Python starts `uname` for that once, and not in the midst of a
#: test.
platform.processor()

_started: list[str] = []
sys.addaudithook(lambda event, arguments: _started.append(str(arguments)) if event in PROCESS_STARTS else None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the tests of processes and of a browser run again when they fail."""
    for item in items:
        if _may_rerun(item):
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Forget what earlier tests started."""
    _started.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test that started a process, itself or by its fixtures, and does not carry the marker for it."""
    yield
    if _started and not _may_rerun(item):
        pytest.fail(f"this test starts a process and needs the marker `processes`: {_started[0][:200]}", pytrace=False)


def _may_rerun(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in RERUN)


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
    from tests.doubles.github.double import GitHubDouble

    with GitHubDouble() as double:
        yield double
        assert double.violations == []


@pytest.fixture
def _fresh_cache(settings: SettingsWrapper) -> None:
    """Forget whose secrets were wrong in other tests."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def _same_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass for what counts wrong secrets and logins by the minute."""
    monkeypatch.setattr("tasks_app.operations.client_limits._now", lambda: 1_700_000_001)
