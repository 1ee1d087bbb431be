"""The forge on GitHub, against the double."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.github.double import GitHubDouble
from tests.engine.adapters.github.publishing import make_forge
from tests.fakes import FakeQuota

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.adapters.github.github_forge import GitHubForge


@pytest.fixture
def double() -> Iterator[GitHubDouble]:
    with GitHubDouble(build_seconds=0.0) as running:
        running.state.limits.paced = False
        yield running
        assert running.violations == []


@pytest.fixture
def quota() -> FakeQuota:
    return FakeQuota()


@pytest.fixture
def forge(double: GitHubDouble, quota: FakeQuota) -> GitHubForge:
    return make_forge(double, quota)
