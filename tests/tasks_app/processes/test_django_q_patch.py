"""django-q2's cluster with our patch, on a database of its own: after the kill of any process the next task runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from queue import Full
from typing import TYPE_CHECKING

import pytest
from django_q.queues import Queue

from tasks_app.processes.django_q_patch import FileLock, SurvivingQueue, surviving_value
from tests.processes import alive, children, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the fix is for Linux"),
]

ROOT = Path(__file__).resolve().parents[3]
WORKERS = 2

PROJECT = """
import sys, time
from pathlib import Path
import django
from django.conf import settings

HERE = Path(__file__).parent

def job(name):
    HERE.joinpath(name).touch()

if __name__ == "__main__":
    settings.configure(
        SECRET_KEY="k", USE_TZ=True, INSTALLED_APPS=["django_q"], DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "db",
                   "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20,
                               "init_command": "PRAGMA journal_mode=WAL"}}},
        Q_CLUSTER={"name": "t", "orm": "default", "workers": 2, "queue_limit": 1, "bulk": 1,
                   "timeout": 60, "retry": 600, "poll": 0.05,
                   "guard_cycle": 0.2, "ack_failures": True, "max_attempts": 1, "scheduler": False},
    )
    django.setup()
    from django.core.management import call_command
    if sys.argv[1] == "cluster":
        from django_q.cluster import Cluster
        from tasks_app.processes import django_q_patch
        call_command("migrate", verbosity=0)
        django_q_patch.install()
        Cluster().start()
    else:
        from django_q.tasks import async_task
        for line in sys.stdin:
            async_task("project.job", line.strip())
"""


class RunningCluster:
    """A cluster with its queue's other end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "project.py").write_text(PROJECT)
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
        command = [sys.executable, str(folder / "project.py")]
        log = (folder / "log").open("wb")
        with log:
            self.main = subprocess.Popen([*command, "cluster"], env=environment, stderr=log, start_new_session=True)
        self.sender = subprocess.Popen([*command, "send"], env=environment, stdin=subprocess.PIPE, text=True)
        self.sent = 0

    @property
    def sentinel(self) -> int:
        return children(self.main.pid)[0]

    def members(self) -> list[int]:
        """Return workers, monitor and pusher, in the order in which django-q starts them."""
        return children(self.sentinel) if children(self.main.pid) else []

    def everyone(self) -> list[int]:
        return [self.main.pid, self.sentinel, *self.members()]

    def runs_a_task(self) -> bool:
        assert self.sender.stdin
        self.sent += 1
        self.sender.stdin.write(f"done-{self.sent}\n")
        self.sender.stdin.flush()
        return wait_for((self.folder / f"done-{self.sent}").exists)

    def close(self) -> None:
        self.sender.communicate()
        with suppress(ProcessLookupError):
            os.killpg(self.main.pid, signal.SIGKILL)
        self.main.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RunningCluster]:
    running = RunningCluster(tmp_path)
    try:
        assert wait_for(lambda: len(running.members()) == WORKERS + 2, 20), (tmp_path / "log").read_text()
        yield running
    finally:
        running.close()


def test_django_q2_still_needs_the_patch() -> None:
    """Where this fails, a newer release has repaired its queue: django_q_patch says what to do then."""
    queue = Queue()
    reader = os.fork()
    if not reader:
        queue.get()
    assert wait_for(lambda: not _is_free(queue._rlock))
    os.kill(reader, signal.SIGKILL)
    os.waitpid(reader, 0)
    assert not _is_free(queue._rlock)


def _is_free(lock) -> bool:
    taken = lock.acquire(block=False)
    if taken:
        lock.release()
    return taken


def test_any_member_may_be_killed_and_the_next_task_runs(cluster: RunningCluster) -> None:
    assert cluster.runs_a_task()
    for place in range(WORKERS + 2):
        victim = cluster.members()[0]  # always the oldest, so that each of the first ones has its turn
        os.kill(victim, signal.SIGKILL)
        assert wait_for(
            lambda victim=victim: victim not in cluster.members() and len(cluster.members()) == WORKERS + 2
        ), place
        assert cluster.runs_a_task(), place
    cluster.main.terminate()
    assert cluster.main.wait(15) == 0


def test_killing_the_main_process_leaves_nothing(cluster: RunningCluster) -> None:
    everyone = cluster.everyone()
    cluster.main.kill()
    cluster.main.wait()
    assert wait_for(lambda: not any(alive(pid) for pid in everyone), 30)


def test_killing_the_sentinel_ends_the_main_process_and_leaves_nothing(cluster: RunningCluster) -> None:
    everyone = cluster.everyone()
    os.kill(cluster.sentinel, signal.SIGKILL)
    cluster.main.wait(5)  # with 0: whoever watches it must not take that for a wish
    assert wait_for(lambda: not any(alive(pid) for pid in everyone), 30)


def test_a_lock_is_free_once_its_holder_is_killed() -> None:
    lock = FileLock()
    reader, writer = os.pipe()
    holder = os.fork()
    if not holder:
        lock.acquire()
        os.write(writer, b"!")
        signal.pause()
    os.read(reader, 1)
    assert not lock.acquire(block=False)
    assert not lock.acquire(timeout=0.03)
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    assert lock.acquire(timeout=1)
    lock.release()
    os.close(reader)
    os.close(writer)


def test_a_timer_whose_holder_is_killed_is_free(tmp_path: Path) -> None:
    timer = surviving_value("f", -1)
    holder = os.fork()
    if holder == 0:
        with timer.get_lock():
            timer.value = 7  # takes the lock once more, and gives it back once
            (tmp_path / "held").touch()
            time.sleep(60)
    assert wait_for((tmp_path / "held").exists)
    assert not timer.get_lock().acquire(timeout=0.2)
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    assert timer.get_lock().acquire(timeout=5)
    timer.get_lock().release()
    assert timer.value == 7


def test_a_lock_that_is_gone_leaves_no_file_open() -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 -- counted, not walked
    for _ in range(50):
        lock = FileLock()
        with lock, lock:
            pass
    del lock
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208


def test_a_reader_that_is_killed_leaves_no_half_of_a_message() -> None:
    """The next reader has whole messages whatever the first one was doing: reading is one call."""
    queue = SurvivingQueue()
    for number in range(200):
        queue.put(("x" * 500, number))
    reader, writer = os.pipe()
    victim = os.fork()
    if victim == 0:
        os.write(writer, b"!")
        while True:
            queue.get()
    os.read(reader, 1)
    os.kill(victim, signal.SIGKILL)
    os.waitpid(victim, 0)
    queue.put(("last", 200))
    rest = []
    while not rest or rest[-1] != ("last", 200):
        rest.append(queue.get(timeout=5))
    assert all(text in {"x" * 500, "last"} for text, _ in rest)
    assert [number for _, number in rest] == sorted(number for _, number in rest)
    assert queue.empty()
    for end in (reader, writer):
        os.close(end)
    queue.close()
    queue.join_thread()


def test_a_full_queue_has_room_again_once_its_message_is_read() -> None:
    queue = SurvivingQueue(maxsize=1)
    queue.put("one")
    assert wait_for(lambda: not queue.empty())
    with pytest.raises(Full):
        queue.put("two", timeout=0.05)
    assert queue.get(timeout=5) == "one"
    queue.put("two", timeout=5)
    assert queue.get(timeout=5) == "two"
    queue.close()
    queue.join_thread()
    assert queue.qsize() == 0
