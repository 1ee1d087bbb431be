"""Repairs django-q2 1.11.1, whose cluster hangs for ever if one of several processes is killed (its issue #23).

https://github.com/django-q2/django-q2/issues/23

Without the patch: the processes share queues and timers that semaphores guard, and a semaphore is not freed when its
holder is killed. An idle worker always holds the semaphore of the queue that it reads. A worker that hands over a
result holds its timer's, for which the sentinel waits. A reader that is killed between a message's length and its
content leaves a stream that no process can read. The children of a killed main process live on.

The patch: `install` gives the clusters that this process starts a queue over a socket that keeps messages whole, and
file locks in place of semaphores, which the kernel frees when their holder dies. Every process of a cluster dies with
its parent. Linux only.

Is the patch still needed? `test_django_q2_still_needs_the_patch` in
tests/tasks_app/processes/test_django_q_patch.py fails once django-q2's own queue survives a killed reader. Then try
the tests of whole clusters without `install()`; if they pass, delete this module.
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

LONGEST = 1_000_000  # bytes of a message; Linux allows fewer for one send (net.core.wmem_default)
_POLL = 0.01  # seconds between attempts to lock with a timeout, which flock does not have


class FileLock:
    """The part of `multiprocessing.RLock` that queues and values use, on flock(2). One thread of a process may use it.

    A fork shares its parent's open file, and a flock belongs to the open file. So each process opens the anonymous file
    again. https://man7.org/linux/man-pages/man2/flock.2.html
    """

    def __init__(self) -> None:
        self._origin = os.memfd_create("queue-lock")
        self._owner = 0
        self._file = -1
        self._depth = 0

    def __del__(self) -> None:
        """Close the files: the sentinel makes a new lock for each worker that it starts."""
        os.close(self._origin)
        if self._file >= 0:
            os.close(self._file)

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take the lock, waiting at most `timeout` seconds (None: for ever); say whether this process holds it."""
        if self._owner != os.getpid():
            self._owner, self._file = os.getpid(), os.open(f"/proc/self/fd/{self._origin}", os.O_RDWR | os.O_CLOEXEC)
            self._depth = 0
        acquired = self._depth > 0 or self._lock(block, timeout)
        self._depth += acquired
        return acquired

    def _lock(self, block: bool, timeout: float | None) -> bool:
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
        """Release the lock once; it is free after as many releases as acquisitions."""
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
    """The size of a queue: 0 or 1, since callers only ask whether it is empty. The kernel's buffer needs no counter."""

    def __init__(self, reader: Connection) -> None:
        self._reader = reader

    @property
    def value(self) -> int:
        """Return 1 if a message waits, else 0. The sentinel also asks after it has closed its own end."""
        return 0 if self._reader.closed else int(self._reader.poll(0))

    def increment(self, by: int = 1) -> None:
        """Do nothing: the kernel's buffer is the count."""


class _Room:
    """Admits a message once the queue is empty. A semaphore would stay taken if its holder were killed."""

    def __init__(self, reader: Connection, limited: bool) -> None:
        self._reader, self._limited = reader, limited

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Wait for an empty queue, at most `timeout` seconds (None: for ever); say whether it is empty."""
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout) if block else 0.0
        while self._limited and self._reader.poll(0):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL)
        return True

    def release(self) -> None:
        """Do nothing: reading a message empties the queue."""


class SurvivingQueue(Queue):  # type: ignore[misc]  # django-q2 has no types
    """django-q's queue over a socket that keeps messages apart, so that a kill leaves no half message behind.

    Each message is sent and read by one call. multiprocessing reads a length and then as many bytes: a reader killed
    in between leaves a broken stream. https://man7.org/linux/man-pages/man7/unix.7.html (SOCK_SEQPACKET)
    """

    _reader: Connection
    _writer: Connection

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._rlock = FileLock()
        self._wlock = FileLock()
        self._reader.close()
        self._writer.close()
        read_end, write_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._reader = Connection(read_end.detach(), writable=False)
        self._writer = Connection(write_end.detach(), readable=False)
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
    """Return a `multiprocessing.Value` for a worker's timer, with a lock that is freed when its holder is killed."""
    return Value(kind, start, lock=FileLock())  # type: ignore[call-overload]  # a FileLock has the methods it calls


def install() -> None:
    """Patch the clusters that this process will start. Linux only; elsewhere django-q does not change."""
    if not sys.platform.startswith("linux"):
        return
    parent = [os.getpid()]

    def die_with_starter() -> None:
        die_with_parent(parent[0])
        parent[0] = os.getpid()

    os.register_at_fork(after_in_child=die_with_starter)
    cluster.Queue = SurvivingQueue
    cluster.Value = surviving_value
