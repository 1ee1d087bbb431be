"""Runs the check browser's process: sends the job, collects events, bounds time, memory and output."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engine.adapters.browser.job import Event, parse_event
from engine.adapters.browser.process_tree import ProcessTree

if TYPE_CHECKING:
    from typing import IO

    from engine.adapters.browser.job import Job

MOST_MEMORY = 1_500_000_000  # bytes of driver and browser together
MOST_OUTPUT = 30_000_000  # bytes of events
TIME_OVER = "its time was over"  # why a process is ended that takes longer than we give it
_WATCH = 0.25  # seconds between looks at the memory
_END_SECONDS = 3.0  # for a process to end by itself when all that it started is dead
_LIMITS = ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 200_000_000), (resource.RLIMIT_NOFILE, 4096))
_ROOT = Path(__file__).resolve().parents[3]
_MODULE = "engine.check_browser"


@dataclass(slots=True)
class BrowserRun:
    """One process and what it said so far."""

    process: subprocess.Popen[bytes]
    tree: ProcessTree
    events: list[Event] = field(default_factory=list)
    ended: str = ""  # why it was ended from outside


def run_job(job: Job, home: Path, seconds: float) -> BrowserRun:
    """Start the process with the folder `home`, tell it the job, and hear it out, or end it after `seconds`."""
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8"}
    process = subprocess.Popen(  # noqa: S603 -- no shell, and the module is a constant
        [sys.executable, "-m", _MODULE],
        cwd=_ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    run = BrowserRun(process, ProcessTree(process.pid))
    _limit(process.pid)
    watch = threading.Thread(target=_watch, args=(run, time.monotonic() + seconds), daemon=True)
    watch.start()
    try:
        _talk(run, job)
    finally:
        _end(run)
        watch.join()
    return run


def _end(run: BrowserRun) -> None:
    """Kill what the process started, let it take that in, and see it end.

    The pipe in stays open until here: its end is how the process knows that we are gone.
    """
    run.tree.kill(itself=False)
    for pipe in (run.process.stdin, run.process.stdout):
        with suppress(OSError):
            pipe.close()  # type: ignore[union-attr]
    with suppress(subprocess.TimeoutExpired):
        run.process.wait(_END_SECONDS)
    run.tree.kill()
    run.process.wait()


def _limit(pid: int) -> None:
    """No core dumps and no huge files, and when memory runs short this dies first.

    Address space is not limited: V8 reserves far more of it than it uses.
    """
    with suppress(OSError, ValueError):
        for what, most in _LIMITS:
            resource.prlimit(pid, what, (most, most))
        Path(f"/proc/{pid}/oom_score_adj").write_text("900")


def _talk(run: BrowserRun, job: Job) -> None:
    stdin, stdout = run.process.stdin, run.process.stdout
    if stdin is None or stdout is None:
        return
    with suppress(BrokenPipeError):
        stdin.write(job.line())
        stdin.flush()
        _hear(run, stdout)


def _hear(run: BrowserRun, stdout: IO[bytes]) -> None:
    """Take events until the process ends. What is no event comes from a library that prints, and says nothing."""
    length = 0
    while line := stdout.readline(MOST_OUTPUT):
        length += len(line)
        if length > MOST_OUTPUT:
            run.ended = "it said too much"
            return
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            run.events.append(parse_event(line))


def _watch(run: BrowserRun, ends: float) -> None:
    """End the process when its time is over or its memory too much."""
    while run.process.poll() is None:
        run.tree.look()
        if time.monotonic() >= ends:
            run.ended = run.ended or TIME_OVER
        elif run.tree.memory_bytes() > MOST_MEMORY:
            run.ended = run.ended or f"the page took more than {MOST_MEMORY // 1_000_000} MB of memory"
        if run.ended:
            run.tree.kill(itself=False)
            with suppress(subprocess.TimeoutExpired):
                run.process.wait(_END_SECONDS)
            run.tree.kill()
            return
        time.sleep(_WATCH)
