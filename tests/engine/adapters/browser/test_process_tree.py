from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.process_tree import ProcessTree
from tests.processes import alive, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.processes

#: A process with a child of a session of its own, which tells its pid and takes 50 MB.
FAMILY = """
import subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-c", "import time; kept = b'x' * 50_000_000; print('there', flush=True); time.sleep(60)"],
    start_new_session=True, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def family() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        try:
            yield parent, child
        finally:
            ProcessTree(parent.pid).kill()


def test_a_child_of_another_session_is_killed_too(family: tuple[subprocess.Popen[bytes], int]) -> None:
    parent, child = family
    ProcessTree(parent.pid).kill()
    assert parent.wait(5) == -9
    assert wait_for(lambda: not alive(child), 5)


def test_the_first_can_be_spared(family: tuple[subprocess.Popen[bytes], int]) -> None:
    parent, child = family
    ProcessTree(parent.pid).kill(itself=False)
    assert wait_for(lambda: not alive(child), 5)
    assert parent.wait(5) == 0


def test_a_known_process_is_killed_after_the_death_of_its_parent(family: tuple[subprocess.Popen[bytes], int]) -> None:
    parent, child = family
    tree = ProcessTree(parent.pid)
    assert tree.look()
    assert not tree.look()
    parent.kill()
    parent.wait()
    assert Path(f"/proc/{child}").exists()
    tree.kill()
    assert wait_for(lambda: not alive(child), 5)


def test_memory_is_that_of_all(family: tuple[subprocess.Popen[bytes], int]) -> None:
    parent, _ = family
    tree = ProcessTree(parent.pid)
    assert tree.memory_bytes() == 0  # before the first look
    tree.look()
    assert 50_000_000 < tree.memory_bytes(itself=False) < tree.memory_bytes() < 200_000_000
    tree.kill()
    parent.wait()
    assert wait_for(lambda: tree.memory_bytes() == 0, 10)  # a killed child may take a moment to go
