"""A double to be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.github.asking import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doubles.github.double import GitHubDouble


@pytest.fixture
def api(github_double: GitHubDouble) -> Iterator[Api]:
    asking = Api(github_double)
    with asking.client:
        yield asking
