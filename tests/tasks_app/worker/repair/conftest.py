from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeBrowser

if TYPE_CHECKING:
    from tests.conftest import Outside


@pytest.fixture
def browsing(outside: Outside) -> Outside:
    """A machine whose browser finds the words of a check in the page or does not."""
    outside.browser = FakeBrowser()
    return outside
