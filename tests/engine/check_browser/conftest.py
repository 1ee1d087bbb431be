"""A real browser for the tests of this folder; without one they are skipped, and with CI=true they fail."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.chromium_browser import Machine
from tests.chromium import chromium as machines_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def chromium() -> str:
    return machines_chromium()


@pytest.fixture(scope="session")
def sandbox() -> bool:
    """Whether Chromium's sandbox can be used; root cannot use it."""
    return os.geteuid() != 0 and os.environ.get("CHROMIUM_NO_SANDBOX", "") == ""


@pytest.fixture
def machine(chromium: str, sandbox: bool, tmp_path: Path) -> Machine:
    """Return this machine with places of its own and a window of 3 seconds."""
    return Machine(tmp_path / "places", chromium, sandbox=sandbox, window=3.0)


@pytest.fixture
def homes(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder for the homes of this test's browsers; its path is short, since Chromium puts sockets there."""
    tmp_path_factory.getbasetemp()  # pytest's own folders stay where they are
    with tempfile.TemporaryDirectory(prefix="homes-", dir="/tmp") as folder:
        monkeypatch.setattr("tempfile.tempdir", folder)
        yield Path(folder)
