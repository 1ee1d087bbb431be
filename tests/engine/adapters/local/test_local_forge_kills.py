"""A writer of the local forge is killed before each of its file operations in turn; the next writer can go on."""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest

from engine.adapters.local.local_forge import LocalForge
from engine.domain.repository import CommitSpec, RepositorySpec
from engine.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.processes

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SPEC = RepositorySpec("page-1234abcd", "1234abcd", "f" * 64, "A page (1234abcd)", LONG_AGO)
FIRST = CommitSpec({"index.html": b"1", "docs/a": b"2"}, None, "m", "S <s@example.com>", LONG_AGO)
#: What Python reports before it happens: https://docs.python.org/3/library/audit_events.html
FILE_OPERATIONS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.utime")


def forge_in(folder: Path) -> LocalForge:
    return LocalForge(folder, pages_origin="http://127.0.0.1:8000")


def killed_before(operation: int, act: Callable[[], object]) -> bool:
    """Kill `act`, in a process of its own, before its file operation of this number; return False if it has fewer."""
    child = os.fork()
    if not child:
        left = operation

        def count(event: str, _: object) -> None:
            nonlocal left
            if event in FILE_OPERATIONS:
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            act()
        except BaseException:  # noqa: BLE001 - the fork must not become a second pytest
            os._exit(1)
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in (0, -signal.SIGKILL)
    return ended != 0


def aged(root: Path) -> None:
    """Make every lock as old as one whose holder is dead, which takes seconds otherwise."""
    for lock in root.rglob("*.lock"):
        os.utime(lock, (0, 0))


@pytest.mark.slow
def test_no_kill_while_creating_leaves_a_repository_that_counts(tmp_path: Path) -> None:
    operation = 1
    while killed_before(operation, partial(forge_in(tmp_path / str(operation)).create, SPEC)):
        forge = forge_in(tmp_path / str(operation))
        assert forge.find(slug="page", task_key=SPEC.task_key) is None
        repository = forge.create(SPEC)
        assert repository.name == "page-1234abcd"
        assert forge.commit(repository, FIRST)
        operation += 1
    assert operation > 10


@pytest.mark.slow
def test_no_kill_while_committing_is_in_the_next_writers_way(tmp_path: Path) -> None:
    operation, locked = 1, 0
    while True:
        forge = forge_in(tmp_path / str(operation))
        repository = forge.create(SPEC)
        if not killed_before(operation, partial(forge.commit, repository, FIRST)):
            break
        try:
            assert forge.commit(repository, FIRST)
        except Transient:
            # The branch's lock alone may be another program's: it is waited for, and taken over when it is old.
            locked += 1
            aged(tmp_path)
            assert forge.commit(repository, FIRST)
        assert forge.tree(repository, forge.compute(FIRST)) == FIRST.files
        operation += 1
    assert operation > 20
    assert locked <= 3
