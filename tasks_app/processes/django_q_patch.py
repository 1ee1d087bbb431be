"""Repairs django-q2 1.11.1: its cluster stops for ever when the wrong one of its processes is killed (its issue #23).

https://github.com/django-q2/django-q2/issues/23

Without it: the processes share queues and timers that semaphores guard, and no semaphore is freed when its holder is
killed. An idle worker always holds that of the queue it reads; one that hands over a result holds its timer's, for
which the sentinel waits; a reader that is killed between a message's length and its content leaves a stream that
nobody can read; and of a killed main process the rest lives on.

What it does: `install` gives the clusters that this process starts a queue over a socket that keeps messages whole,
and file locks in place of semaphores, which the kernel frees when their holder dies; and every process of theirs dies
with its parent. Linux only.

Whether a newer release needs it: `test_django_q2_still_needs_the_patch` in
tests/tasks_app/processes/test_django_q_patch.py fails where django-q2's own queue survives a killed reader. Then take
`install()` out of the project that this file writes; where its tests of whole clusters pass without it, delete this
module.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import time
from multiprocessing import Value
from multiprocessing.connection import Connection
from multiprocessing.synchronize import SEM_VALUE_MAX  # type: ignore[attr-defined]  # left out of the types
from typing import TYPE_CHECKING, Any

from django_q import cluster
from django_q.queues import Queue

from tasks_app.processes.parent_death import die_with_parent

if TYPE_CHECKING:
    from types import TracebackType

LONGEST = 1_000_000  # bytes of a message; Linux's own limit for one (net.core.wmem_default) is below
_POLL = 0.01  # seconds between two tries of a lock that is waited for with a limit: flock has none


class FileLock:
    """What a queue or a value needs of `multiprocessing.RLock`, on flock(2). One thread a process uses it: so they do.

    A fork shares its parent's open file, and flock belongs to the open file: every process opens the anonymous file anew.
    https://man7.org/linux/man-pages/man2/flock.2.html
    """

    def __init__(self) -> None:
        self._origin = os.memfd_create("queue-lock")
        self._owner = 0
        self._file = -1
        self._depth = 0

    def __del__(self) -> None:
        """Give the files back: the sentinel makes a lock for each worker that it ever starts."""
        os.close(self._origin)
        if self._file >= 0:
            os.close(self._file)

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take the lock, waiting at most `timeout` seconds (None: for ever); say whether it is ours."""
        if self._owner != os.getpid():
            self._owner, self._file = os.getpid(), os.open(f"/proc/self/fd/{self._origin}", os.O_RDWR | os.O_CLOEXEC)
            self._depth = 0
        taken = self._depth > 0 or self._take(block, timeout)
        self._depth += taken
        return taken

    def _take(self, block: bool, timeout: float | None) -> bool:
        if block and timeout is None:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            return True
        deadline = time.monotonic() + (timeout or 0.0 if block else 0.0)
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_POLL)
            else:
                return True

    def release(self) -> None:
        """Give the lock back, once for each time that it was taken."""
        self._depth -= 1
        if self._depth == 0:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class _Unread:
    """How many messages wait in a queue, as far as anyone must know: none or some. What the kernel holds needs no counter and no lock."""

    def __init__(self, reader: Connection) -> None:
        self._reader = reader

    @property
    def value(self) -> int:
        """Return 1 where something waits, else 0. The sentinel asks on after it has closed its own end."""
        return 0 if self._reader.closed else int(self._reader.poll(0))

    def increment(self, by: int = 1) -> None:
        """Do nothing: the kernel counts."""


class _Room:
    """Lets a message in once none waits, in place of a semaphore: one that is taken by a process that is killed is never given back."""

    def __init__(self, reader: Connection, limited: bool) -> None:
        self._reader, self._limited = reader, limited

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Wait for room, at most `timeout` seconds (None: for ever); say whether there is."""
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout) if block else 0.0
        while self._limited and self._reader.poll(0):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL)
        return True

    def release(self) -> None:
        """Do nothing: a message that was read makes room by itself."""


class SurvivingQueue(Queue):  # type: ignore[misc]  # django-q2 has no types
    """django-q's queue over a socket that keeps messages apart: each is sent and read by one call, so no kill leaves half of one behind.

    multiprocessing reads a length and then as many bytes: killed in between, a reader leaves a stream that nobody can read any more.
    https://man7.org/linux/man-pages/man7/unix.7.html (SOCK_SEQPACKET)
    """

    _reader: Connection
    _writer: Connection

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._rlock = FileLock()
        self._wlock = FileLock()
        self._reader.close()
        self._writer.close()
        there, here = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._reader = Connection(there.detach(), writable=False)
        self._writer = Connection(here.detach(), readable=False)
        self.size = _Unread(self._reader)
        self._sem = _Room(self._reader, limited=0 < self._maxsize < SEM_VALUE_MAX)
        self._reset()

    def _reset(self, after_fork: bool = False) -> None:
        super()._reset(after_fork)
        self._send_bytes = self._send_whole
        self._recv_bytes = self._receive_whole

    def _send_whole(self, message: Any) -> None:
        os.write(self._writer.fileno(), message)

    def _receive_whole(self) -> bytes:
        if message := os.read(self._reader.fileno(), LONGEST):
            return message
        raise EOFError


def surviving_value(kind: str, start: float) -> Any:
    """Return a `multiprocessing.Value` with such a lock: a worker holds its timer's while it hands over a result, and the sentinel waits for it."""
    return Value(kind, start, lock=FileLock())  # type: ignore[call-overload]  # it calls what a FileLock has


def install() -> None:
    """Mend the clusters that this process will start. Linux only; elsewhere django-q stays as it is."""
    if not sys.platform.startswith("linux"):
        return
    parent = [os.getpid()]

    def tie() -> None:
        die_with_parent(parent[0])
        parent[0] = os.getpid()

    os.register_at_fork(after_in_child=tie)
    cluster.Queue = SurvivingQueue
    cluster.Value = surviving_value
