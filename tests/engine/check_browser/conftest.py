"""A real browser for the tests of this folder: skipped by name where there is none, a failure where CI=true."""

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
    """Return the machine's browser."""
    return machines_chromium()


@pytest.fixture(scope="session")
def sandbox() -> bool:
    """Say whether Chromium's sandbox can be used: never for root."""
    return os.geteuid() != 0 and os.environ.get("CHROMIUM_NO_SANDBOX", "") == ""


@pytest.fixture
def machine(chromium: str, sandbox: bool, tmp_path: Path) -> Machine:
    """Return this machine with places of its own and a short window."""
    return Machine(tmp_path / "places", chromium, sandbox=sandbox, window=3.0)


@pytest.fixture
def homes(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder in which the browsers of this test have their homes; a short path, as Chromium's sockets need it."""
    tmp_path_factory.getbasetemp()  # pytest's own folders stay where they are
    with tempfile.TemporaryDirectory(prefix="homes-", dir="/tmp") as folder:
        monkeypatch.setattr("tempfile.tempdir", folder)
        yield Path(folder)
