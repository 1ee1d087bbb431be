"""A forked child: its exit code, signals, threads, session and files do not depend on its parent's."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.processes import alive, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[3]

BEGIN = """
import atexit, fcntl, os, random, signal, subprocess, sys, tempfile, threading, time
from pathlib import Path
from tasks_app.processes.child_process import fork

def said(text):
    os.write(1, f"{text}\\n".encode())
"""


@pytest.fixture
def parent(tmp_path: Path) -> Callable[[str], list[str]]:
    """Run a script as the parent, in a process of its own; return the lines that it and its children wrote."""

    def run(source: str) -> list[str]:
        script = tmp_path / "parent.py"
        script.write_text(BEGIN + textwrap.dedent(source))
        ran = subprocess.run(
            [sys.executable, str(script)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""},
            input="typed\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=30,
            check=True,
        )
        return ran.stdout.splitlines()

    return run


def test_its_exit_code_is_what_it_ends_with(parent: Callable[[str], list[str]]) -> None:
    assert parent(
        """
        def fails():
            raise ValueError("seen")
        exits = (lambda: None, lambda: sys.exit(), lambda: sys.exit(7), lambda: sys.exit("why"))
        for run in (*exits, fails, lambda: os.kill(os.getpid(), 9)):
            said(fork("child", run).wait())
        """
    ) == ["0", "0", "7", "1", "1", "-9"]


def test_it_never_goes_on_in_its_parents_code(parent: Callable[[str], list[str]]) -> None:
    assert parent(
        """
        try:
            with tempfile.TemporaryDirectory() as folder:
                fork("child", lambda: 1 / 0).wait()
                said(Path(folder).is_dir())
        finally:
            said("once")
        """
    ) == ["True", "once"]


def test_what_the_parent_wants_done_at_its_end_is_not_done_by_it_but_what_it_wants_itself(
    parent: Callable[[str], list[str]],
) -> None:
    assert parent(
        """
        atexit.register(said, "parent")
        fork("child", lambda: atexit.register(said, "child")).wait()
        """
    ) == ["child", "parent"]


def test_it_waits_for_its_threads_and_writes_what_is_buffered(parent: Callable[[str], list[str]]) -> None:
    assert parent(
        """
        print("before", end=" ")
        def late():
            time.sleep(0.3)
            print("late")
        fork("child", lambda: threading.Thread(target=late).start()).wait()
        """
    ) == ["before late"]


def test_signals_end_it_whatever_its_parent_does_with_them(parent: Callable[[str], list[str]]) -> None:
    assert parent(
        """
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        child = fork("child", lambda: (said(signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL), time.sleep(30)))
        child.send_signal(signal.SIGTERM)
        said(child.wait())
        said(signal.set_wakeup_fd(-1) == writer)
        """
    ) in (["True", "-15", "True"], ["-15", "True"])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="titles are read from /proc")
def test_it_is_a_session_with_its_own_title_environment_and_an_empty_input(parent: Callable[[str], list[str]]) -> None:
    assert parent(
        """
        def tell():
            time.sleep(0.2)
            said(os.getsid(0) == os.getpid())
            said(Path("/proc/self/cmdline").read_bytes().strip(b"\\0").decode())
            said(sorted(os.environ))
            said(subprocess.run(["/usr/bin/env"], capture_output=True, text=True).stdout.strip())
            said(repr(sys.stdin.read()))
        child = fork("a title", tell, {"ONLY": "this"})
        said(os.getpgid(child.pid) == child.pid)
        child.wait()
        """
    ) == ["True", "True", "a title", "['ONLY']", "ONLY=this", "''"]


def test_each_has_a_random_state_of_its_own(parent: Callable[[str], list[str]]) -> None:
    numbers = parent(
        """
        for _ in range(3):
            fork("child", lambda: said(random.random())).wait()
        """
    )
    assert len(set(numbers)) == 3


def test_files_that_others_own_stay_open(parent: Callable[[str], list[str]]) -> None:
    """A file descriptor that is closed twice may close a database that got its number: SQLite lost a whole one."""
    assert parent(
        """
        file = tempfile.TemporaryFile()
        fork("child", lambda: said(os.fstat(file.fileno()).st_nlink)).wait()
        """
    ) == ["0"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="parent-death signals are Linux's")
def test_it_dies_with_its_parent(parent: Callable[[str], list[str]]) -> None:
    (pid,) = parent(
        """
        said(fork("child", lambda: time.sleep(60)).pid)
        os._exit(0)
        """
    )
    assert wait_for(lambda: not alive(int(pid)), 10)
