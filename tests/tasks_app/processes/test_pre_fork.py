"""What a process does before it forks, seen by where memory comes from afterwards; each in a process of its own, since it is for good."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[3]

# Every other block of many is free when the process shares what it has.
SCRIPT = """
import ctypes, gc
from tasks_app.processes.pre_fork import share

def place(block):
    return ctypes.addressof(ctypes.c_char.from_buffer(block))

blocks = [bytearray(SIZE) for _ in range(2000)]
free = {place(block) for block in blocks[::2]}
del blocks[::2]
IF_SHARED
later = [bytearray(SIZE) for _ in range(150)]
print(len(free & {place(block) for block in later}), gc.get_freeze_count() > 0)
"""


def reused(size: int, *, shared: bool) -> list[str]:
    """Return how many of 150 new blocks are where one had been freed, and whether the collector leaves the old ones alone."""
    code = SCRIPT.replace("SIZE", str(size)).replace("IF_SHARED", "share()" if shared else "")
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's heap")
@pytest.mark.parametrize("size", [600, 3_000, 30_000])
def test_nothing_new_comes_to_lie_among_what_is_shared(size: int) -> None:
    assert int(reused(size, shared=False)[0]) > 100
    found, frozen = reused(size, shared=True)
    assert int(found) < 10  # at the heap's very end
    assert frozen == "True"
