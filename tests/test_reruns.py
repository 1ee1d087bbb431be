"""Only tests of processes and of a browser are run again when they fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[1]

FAILS_ONCE = """
import pathlib
import pytest

def at_the_second_try(name):
    seen = pathlib.Path(__file__).with_name(name)
    known = seen.exists()
    seen.touch()
    return known

@pytest.mark.{marker}
def test_marked():
    assert at_the_second_try("marked")

@pytest.mark.slow
def test_unmarked():
    assert at_the_second_try("unmarked")
"""

STARTS = """
import subprocess
import pytest

def test_unmarked():
    subprocess.run(["true"], check=True)

@pytest.mark.processes
def test_marked():
    subprocess.run(["true"], check=True)
"""


def run(folder: Path, text: str) -> str:
    """Run a file of tests under this suite's conftest and return what was printed."""
    (folder / "test_inner.py").write_text(text)
    (folder / "conftest.py").write_text("from tests.conftest import *  # noqa: F403")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "-c",
        ROOT / "pyproject.toml",
    ]
    ran = subprocess.run(
        [*command, f"--rootdir={folder}", folder / "test_inner.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout


@pytest.mark.parametrize("marker", ["browser", "processes"])
def test_a_marked_test_is_run_again_and_that_is_printed(tmp_path: Path, marker: str) -> None:
    printed = run(tmp_path, FAILS_ONCE.format(marker=marker))
    assert "1 failed, 1 passed, 1 rerun" in printed, printed
    assert any(line.startswith("RERUN") and line.endswith("test_marked") for line in printed.splitlines()), printed


def test_a_test_that_starts_a_process_needs_the_marker(tmp_path: Path) -> None:
    printed = run(tmp_path, STARTS)
    assert "1 failed, 1 passed" in printed, printed
    assert "needs the marker `processes`" in printed
