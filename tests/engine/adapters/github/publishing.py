"""A forge on the double, and publications with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.adapters.github.github_forge import GitHubForge
from engine.domain.repository import CommitSpec, Repository, RepositorySpec
from tests.system_clock import SystemClock

if TYPE_CHECKING:
    from tests.doubles.github.double import GitHubDouble
    from tests.fakes import FakeQuota

WHEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FILES = {
    "index.html": b"<!DOCTYPE html><title>T</title>",
    "README.md": b"# T\n",
    ".nojekyll": b"",
    "about.md": b"# About\n",
}


def make_forge(double: GitHubDouble, quota: FakeQuota, **over: str) -> GitHubForge:
    given = {"token": double.token, "owner": "", "api_url": double.url} | over
    return GitHubForge(quota=quota, clock=SystemClock(), **given)


def spec_of(name: str = "hello-0badcafe", **over: object) -> RepositorySpec:
    spec = RepositorySpec(name, "0badcafe", "ab" * 32, "A page [0badcafe]", datetime.now(UTC))
    return replace(spec, **over)


def commit_of(parent: str | None = None, **over: object) -> CommitSpec:
    spec = CommitSpec(FILES, parent, "Round 1\n\nTask-Key: abababababababab\n", "Engine <engine@example.com>", WHEN)
    return replace(spec, **over)


def published(forge: GitHubForge) -> tuple[Repository, str]:
    place = forge.create(spec_of())
    spec = commit_of()
    assert forge.commit(place, spec)
    return forge.enable_pages(place), forge.compute(spec)
