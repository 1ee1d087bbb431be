"""A child process made by fork alone: it shares what its parent has read, and is apart in everything else, as if it had been started anew.

The parent must have no other thread (a lock that one holds would stay locked in the child) and no connection (both would speak on it).
"""

from __future__ import annotations

import atexit
import multiprocessing.util
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from setproctitle import setproctitle

from tasks_app.processes.parent_death import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: What a parent may have handlers for; a child begins with the defaults, as after an exec.
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


@dataclass(slots=True)
class ChildProcess:
    """A child; what of `subprocess.Popen` one needs, by the same names. Nobody else may wait for it."""

    pid: int
    returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, -N where signal N killed it, None while it runs."""
        return self._collected(os.WNOHANG)

    def wait(self) -> int:
        """Wait for its end and return the exit code, as `poll` does."""
        code = self._collected(0)
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless its end is known."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _collected(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def fork(title: str, run: Callable[[], object], environment: Mapping[str, str] | None = None) -> ChildProcess:
    """Start a child that does `run` and ends: with 0, with what it gives to `sys.exit`, or with 1 and a traceback.

    It has a session of its own, nothing on its standard input, `title` as its command line, `environment` (its parent's where that
    is None), default handlers, and dies with its parent. All that is so on return. Files stay open: whoever owns one that must not be
    shared closes it in the child, since a number that is closed behind an object's back is soon another file's, and closed again
    there. Call it in the main thread. Raises OSError.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    parent, (parted, parting) = os.getpid(), os.pipe()
    # A signal must not meet the parent's handlers in the child.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        if pid := os.fork():
            os.close(parting)
            os.read(parted, 1)  # its end: the child is on its own, or has ended
            return ChildProcess(pid)
        code = 1
        try:
            _part(parent, title, environment)
            os.close(parted)
            os.close(parting)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            code = _outcome(run)
        finally:
            os._exit(code)  # whatever happened: never on in the parent's code
    finally:
        os.close(parted)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _part(parent: int, title: str, environment: Mapping[str, str] | None) -> None:
    """Give up what is the parent's."""
    die_with_parent(parent)
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)
    atexit._clear()  # noqa: SLF001 -- what the parent wants done at its end
    # Waits for children of our own; registered at import. It has no public name.
    atexit.register(multiprocessing.util._exit_function)  # type: ignore[attr-defined]  # noqa: SLF001
    setproctitle(title)  # looks for its place by the environment: before that changes
    if environment is not None:
        os.environ.clear()
        os.environ.update(environment)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _outcome(run: Callable[[], object]) -> int:
    """Do it and end as the interpreter does: wait for threads, then what is registered for the end, then write what is buffered."""
    code = _code_of(run)
    try:
        # No public names; multiprocessing's children call them too.
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
        atexit._run_exitfuncs()  # noqa: SLF001
    except Exception:  # noqa: BLE001 -- it ends all the same
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    return code


def _code_of(run: Callable[[], object]) -> int:
    try:
        run()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 0xFF
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException:  # noqa: BLE001 -- nothing may leave this process but its exit code
        traceback.print_exc()
        return 1
    return 0
