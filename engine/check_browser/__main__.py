"""`python -m engine.check_browser`: reads a job, runs it and writes events. It ends when its parent ends."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import time
from contextlib import suppress

from playwright.async_api import async_playwright

from engine.adapters.browser.job import ComputeJob, Failed, Job, Started, parse_job
from engine.adapters.browser.process_tree import ProcessTree
from engine.check_browser.chromium import launch
from engine.check_browser.computing import compute
from engine.check_browser.verification import Verification, emit
from engine.errors import Permanent

LONGEST_JOB = 200_000_000  # bytes
REAP_SECONDS = 1.5
_PR_SET_CHILD_SUBREAPER = 36


async def main() -> None:
    """Run the job of stdin's first line. Kill all children and exit when the job is done or stdin is closed."""
    loop = asyncio.get_running_loop()
    stdin = asyncio.StreamReader(limit=LONGEST_JOB)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    job = parse_job(await stdin.readline())
    orphaned = asyncio.ensure_future(stdin.read())
    work = asyncio.ensure_future(_work(job))
    await asyncio.wait({orphaned, work}, return_when=asyncio.FIRST_COMPLETED)
    # We close nothing in order: a busy page does not close, and threads may still wait for a server.
    ProcessTree(os.getpid()).kill(itself=False)
    _reap()
    os._exit(0 if work.done() and not work.exception() else 1)


def _adopt() -> None:
    """Become the parent of orphaned descendants, to find them, and to reap them if process 1 does not.

    https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _reap() -> None:
    """Wait for the killed children, for at most REAP_SECONDS."""
    ends = time.monotonic() + REAP_SECONDS
    while time.monotonic() < ends:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not ended:
            time.sleep(0.01)


async def _work(job: Job | ComputeJob) -> None:
    playwright = await async_playwright().start()
    try:
        browser, sandbox = await launch(playwright, job)
    except Permanent as error:
        emit(Failed(error.message))
        return
    emit(Started(browser.version, sandbox))
    if isinstance(job, ComputeJob):
        emit(await compute(job, browser))
    else:
        await Verification(job, browser).run()


if __name__ == "__main__":
    _adopt()
    asyncio.run(main())
