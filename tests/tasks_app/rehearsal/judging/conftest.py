"""A submission whose repository and page are right, to be made wrong by a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tasks_app.rehearsal.judging.world import GitServer, PageServer, World, new_repository

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world() -> Iterator[World]:
    repo = new_repository()
    with GitServer(repo) as git, PageServer() as pages:
        yield World(repo, git.url, pages)
    repo.close()
