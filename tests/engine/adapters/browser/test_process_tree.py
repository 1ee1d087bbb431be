from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.process_tree import ProcessTree
from tests.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.processes

#: A process with a child of a session of its own, which tells its pid and takes 50 MB.
FAMILY = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; kept = b'x' * 50_000_000; print('there', flush=True); time.sleep(60)"],
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


def dead(pid: int) -> bool:
    """Say whether a process is gone or waits only to be reaped."""
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
    return False


def test_a_child_of_another_session_is_killed_too(family: tuple[subprocess.Popen[bytes], int]) -> None:
    parent, child = family
    ProcessTree(parent.pid).kill()
    assert parent.wait(5) == -9
    assert dead(child)


def test_the_first_can_be_spared(family: tuple[subprocess.Popen[bytes], int]) -> None:
    parent, child = family
    ProcessTree(parent.pid).kill(itself=False)
    assert dead(child)
    assert parent.wait(5) == 0


def test_who_was_seen_is_killed_though_its_parent_is_gone(family: tuple[subprocess.Popen[bytes], int]) -> None:
    parent, child = family
    tree = ProcessTree(parent.pid)
    assert tree.look()
    assert not tree.look()
    parent.kill()
    parent.wait()
    assert Path(f"/proc/{child}").exists()
    tree.kill()
    assert dead(child)


def test_memory_is_that_of_all(family: tuple[subprocess.Popen[bytes], int]) -> None:
    parent, _ = family
    tree = ProcessTree(parent.pid)
    assert tree.memory_bytes() == 0  # before the first look
    tree.look()
    assert 50_000_000 < tree.memory_bytes(itself=False) < tree.memory_bytes() < 200_000_000
    tree.kill()
    parent.wait()
    assert wait_for(lambda: tree.memory_bytes() == 0, 10)  # a killed child may take a moment to go
