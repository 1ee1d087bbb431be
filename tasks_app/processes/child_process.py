"""A child process made by fork without exec: it shares the modules that its parent has loaded, and nothing else.

The parent must have no other thread (a lock that such a thread holds would stay locked in the child) and no open
connection (parent and child would both write to it).
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing.util
import os
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from setproctitle import setproctitle

from tasks_app.processes.parent_death import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

logger = logging.getLogger(__name__)

#: Signals for which a parent may have handlers. A child gets the default handlers, as after an exec.
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


@dataclass(slots=True)
class ChildProcess:
    """A child process with the part of `subprocess.Popen` that we use. No other code may wait for its pid."""

    pid: int
    returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, -N if signal N killed the child, None while it runs."""
        return self._exit_code(os.WNOHANG)

    def wait(self) -> int:
        """Wait for the child's end and return its exit code, as `poll` does."""
        code = self._exit_code(0)
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        """Send the child a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _exit_code(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def fork(title: str, run: Callable[[], object], environment: Mapping[str, str] | None = None) -> ChildProcess:
    """Start a child that calls `run` and exits: with 0, with the argument of `sys.exit`, or with 1 and a traceback.

    On return the child has a session of its own, an empty standard input, `title` as its command line, `environment`
    (None: its parent's) and default signal handlers, and it dies with its parent. Files stay open. The owner of a file
    that must not be shared closes the file object in the child, not its number: a number closed behind the object's
    back is soon another file's, and the object would close that one. Call this in the main thread. Raises OSError.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    parent, (child_ready, ready_end) = os.getpid(), os.pipe()
    # Signals stay blocked until the child has replaced the parent's handlers.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        if pid := os.fork():
            os.close(ready_end)
            os.read(child_ready, 1)  # returns at the end of the file: the child is set up, or has ended
            return ChildProcess(pid)
        code = 1
        try:
            _leave_parent(parent, title, environment)
            os.close(child_ready)
            os.close(ready_end)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            code = _run_to_end(run)
        finally:
            os._exit(code)  # the child must never return into the parent's code
    finally:
        os.close(child_ready)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_parent(parent: int, title: str, environment: Mapping[str, str] | None) -> None:
    """Drop the session, signal handlers, exit functions, environment and standard input of the parent."""
    die_with_parent(parent)
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)
    atexit._clear()  # noqa: SLF001 -- these are the parent's exit functions
    # It waits for the child's own children and is normally registered at import. It has no public name.
    atexit.register(multiprocessing.util._exit_function)  # type: ignore[attr-defined]  # noqa: SLF001
    setproctitle(title)  # before the environment changes: it finds the title's memory by the environment
    if environment is not None:
        os.environ.clear()
        os.environ.update(environment)
    null_device = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null_device, 0)
    os.close(null_device)


def _run_to_end(run: Callable[[], object]) -> int:
    """Call `run` and end as the interpreter does: join threads, call exit functions, flush. Return the exit code."""
    code = _code_of(run)
    try:
        # They have no public names; multiprocessing's children call them too.
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
        atexit._run_exitfuncs()  # noqa: SLF001
    except Exception:
        # The process ends in any case.
        logger.exception("this process could not end in order")
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
    except BaseException:
        # Only an exit code may leave this process.
        logger.exception("this process ends with an error of our own")
        return 1
    return 0
