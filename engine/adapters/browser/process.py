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

from engine.adapters.browser import machine_memory
from engine.adapters.browser.job import Event, parse_event
from engine.adapters.browser.process_tree import ProcessTree

if TYPE_CHECKING:
    from typing import IO

    from engine.adapters.browser.job import ComputeJob, Job

MOST_MEMORY = 1_500_000_000  # bytes of driver and browser together, on a machine that has them
LEAST_MEMORY = 700_000_000  # with less, a plain page would be ended
MOST_OUTPUT = 30_000_000  # bytes of events
TIME_OVER = "its time was over"  # the reason for ending a process that takes too long
_WATCH = 0.25  # seconds between two measurements of the memory, which take milliseconds each
_SAMPLE_SECONDS = 0.01  # seconds between two samples of what the machine has left, which take microseconds
_FAST_GROWTH = 100_000_000  # bytes taken since the last measurement: then the next one is due at once
_END_SECONDS = 3.0  # for a process to end by itself after the death of its children
_LIMITS = ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 200_000_000), (resource.RLIMIT_NOFILE, 4096))
_ROOT = Path(__file__).resolve().parents[3]
_MODULE = "engine.check_browser"


@dataclass(slots=True)
class BrowserRun:
    """One process and the events that it sent."""

    process: subprocess.Popen[bytes]
    tree: ProcessTree
    events: list[Event] = field(default_factory=list)
    ended: str = ""  # why we ended the process, "" if it ended by itself


def run_job(job: Job | ComputeJob, home: Path, seconds: float) -> BrowserRun:
    """Start the process with `home` as its home folder, send the job, and read events for at most `seconds`."""
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
        _exchange(run, job)
    finally:
        _end(run)
        watch.join()
    return run


def _end(run: BrowserRun) -> None:
    """Kill the process's children, give it _END_SECONDS to end by itself, then kill it.

    Its stdin stays open until here, because the process ends itself when its stdin is closed.
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
    """Forbid core dumps and huge files, and let the kernel kill this process first when memory runs short.

    Address space is not limited: V8 reserves far more of it than it uses.
    """
    with suppress(OSError, ValueError):
        for limit, most in _LIMITS:
            resource.prlimit(pid, limit, (most, most))
        Path(f"/proc/{pid}/oom_score_adj").write_text("900")


def _exchange(run: BrowserRun, job: Job | ComputeJob) -> None:
    stdin, stdout = run.process.stdin, run.process.stdout
    if stdin is None or stdout is None:
        return
    with suppress(BrokenPipeError):
        stdin.write(job.line())
        stdin.flush()
        _read_events(run, stdout)


def _read_events(run: BrowserRun, stdout: IO[bytes]) -> None:
    """Collect events until the process ends. Lines that are no events were printed by a library."""
    length = 0
    while line := stdout.readline(MOST_OUTPUT):
        length += len(line)
        if length > MOST_OUTPUT:
            run.ended = "it said too much"
            return
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            run.events.append(parse_event(line))


def memory_bound() -> int:
    """Return the bytes that a browser may take here and now: what is free less a fifth, but LEAST to MOST_MEMORY.

    The kernel offers no bound of its own for this: RLIMIT_AS and RLIMIT_DATA count what V8 reserves and does not use
    (Chromium does not start with 1.2 GB of either), and a cgroup needs rights that containers do not give.
    """
    free = machine_memory.free_bytes()
    return MOST_MEMORY if free is None else max(LEAST_MEMORY, min(MOST_MEMORY, free * 4 // 5))


def _watch(run: BrowserRun, ends: float) -> None:
    """End the process if it exceeds its time or memory."""
    most = memory_bound()
    while run.process.poll() is None:
        run.tree.look()
        if time.monotonic() >= ends:
            run.ended = run.ended or TIME_OVER
        elif run.tree.memory_bytes() > most:
            run.ended = run.ended or f"the page took more than {most // 1_000_000} MB of memory"
        if run.ended:
            run.tree.kill(itself=False)
            with suppress(subprocess.TimeoutExpired):
                run.process.wait(_END_SECONDS)
            run.tree.kill()
            return
        _pause(run)


def _pause(run: BrowserRun) -> None:
    """Wait for the next measurement: _WATCH, or less if the machine's memory goes fast.

    A page can fill gigabytes in a second. Without these samples one took 2,056 MB before it was measured.
    """
    before, ends = machine_memory.available_bytes(), time.monotonic() + _WATCH
    if before is None:
        with suppress(subprocess.TimeoutExpired):
            run.process.wait(_WATCH)
        return
    while time.monotonic() < ends and run.process.poll() is None:
        time.sleep(_SAMPLE_SECONDS)
        now = machine_memory.available_bytes()
        if now is not None and before - now > _FAST_GROWTH:
            return
