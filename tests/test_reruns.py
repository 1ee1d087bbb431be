"""Only tests of processes and of a browser are run again when they fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[1]

TESTS = """
import pathlib
import subprocess
import pytest

def at_the_second_try(name):
    seen = pathlib.Path(__file__).with_name(name)
    known = seen.exists()
    seen.touch()
    return known

@pytest.mark.browser
def test_of_a_browser():
    assert at_the_second_try("browser")

@pytest.mark.processes
def test_of_processes():
    assert at_the_second_try("processes")

@pytest.mark.slow
def test_of_neither():
    assert at_the_second_try("neither")

def test_that_starts_one_unmarked():
    subprocess.run(["true"], check=True)

@pytest.mark.processes
def test_that_starts_one():
    subprocess.run(["true"], check=True)
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run a file of tests under this suite's conftest and return what was printed."""
    folder = tmp_path_factory.mktemp("reruns")
    (folder / "test_inner.py").write_text(TESTS)
    (folder / "conftest.py").write_text("from tests.conftest import *  # noqa: F403")
    options = ["-p", "no:cacheprovider", "-p", "no:randomly", "-c", ROOT / "pyproject.toml"]
    command = [sys.executable, "-m", "pytest", *options, f"--rootdir={folder}", folder / "test_inner.py"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def outcomes(printed: str, outcome: str) -> list[str]:
    """Return the tests that the summary lists with an outcome."""
    lines = [line.split() for line in printed.splitlines() if line.startswith(f"{outcome} ")]
    return [words[1].partition("::")[2] for words in lines]


@pytest.mark.slow
def test_a_marked_test_is_run_again_and_that_is_printed(printed: str) -> None:
    assert outcomes(printed, "RERUN") == ["test_of_a_browser", "test_of_processes"], printed
    assert "2 failed, 3 passed, 2 rerun" in printed, printed


def test_no_other_test_is_run_again(printed: str) -> None:
    assert outcomes(printed, "FAILED") == ["test_of_neither", "test_that_starts_one_unmarked"], printed


@pytest.mark.slow
def test_a_test_that_starts_a_process_needs_the_marker(printed: str) -> None:
    assert "this test starts a process and needs the marker `processes`" in printed, printed
