"""What a verification costs: seconds, CPU seconds and peak memory of one, and of 8 with 2 places.

`python -m benchmarks.browser` prints them.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.adapters.browser.chromium_browser import ChromiumBrowser, Machine
from engine.adapters.browser.process_tree import ProcessTree
from engine.domain.browser_report import PageUnderTest
from engine.domain.checks import Check, Kind, Target, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

ONES, AT_ONCE, PLACES = 5, 8, 2
PAGE = b"""<!doctype html><html lang="en"><head><title>Sales</title></head>
<body><h1>Sales</h1><p id="total">0</p><ul id="rows"></ul>
<script>
fetch("data.csv").then((answer) => answer.text()).then((text) => {
  const rows = text.trim().split("\\n").slice(1).map((line) => line.split(","));
  document.querySelector("#total").textContent = rows.reduce((sum, row) => sum + Number(row[1]), 0);
  for (const row of rows) {
    const item = Object.assign(document.createElement("li"), { textContent: row[0] });
    document.querySelector("#rows").append(item);
  }
});
</script></body></html>"""
DATA = b"name,sales\n" + b"".join(b"region %d,%d\n" % (n, n) for n in range(100))
CHECKS = tuple(
    Check(Kind.JS, text)
    for text in (
        "document.title === 'Sales'",
        "Number(document.querySelector('#total').textContent) === 4950",
        "document.querySelectorAll('#rows li').length === 100",
        "document.querySelector('script').textContent.includes('data.csv')",
        "!!document.querySelector('h1')",
    )
)


@dataclass
class Cost:
    """What some verifications took.

    `megabytes`: the highest sum of the proportional set sizes (PSS) of all their processes.
    """

    seconds: float = 0
    cpu_seconds: float = 0
    megabytes: float = 0


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure what the block's child processes take; they are all reaped at its end, so that their CPU time is
    complete."""
    cost, done = Cost(), threading.Event()

    def watch() -> None:
        tree = ProcessTree(os.getpid())
        while not done.wait(0.1):
            tree.look()
            cost.megabytes = max(cost.megabytes, tree.memory_bytes(itself=False) / 1e6)

    watching = threading.Thread(target=watch)
    watching.start()
    begun, cpu = time.monotonic(), _cpu()
    yield cost
    cost.seconds, cost.cpu_seconds = time.monotonic() - begun, _cpu() - cpu
    done.set()
    watching.join()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def verify(machine: Machine) -> float:
    """Verify the page once and return the seconds.

    Raises RuntimeError where a check does not pass: then the figures mean nothing.
    """
    begun = time.monotonic()
    page = PageUnderTest("https://someone.github.io/sales/", {"index.html": PAGE, "data.csv": DATA}, Target.LOCAL)
    report = ChromiumBrowser(machine).run(page, CHECKS, seconds=300)
    if report.not_run or any(result.verdict is not Verdict.PASS for result in report.results):
        raise RuntimeError(report.not_run or [(r.check.text, r.verdict, r.detail) for r in report.results])
    return time.monotonic() - begun


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        no_sandbox = os.geteuid() == 0 or bool(os.environ.get("CHROMIUM_NO_SANDBOX"))
        machine = Machine(Path(folder), os.environ.get("CHROMIUM_PATH", ""), sandbox=not no_sandbox, places=PLACES)
        verify(machine)  # the first one reads the browser from disk
        with measured() as one:
            each = [verify(machine) for _ in range(ONES)]
        with measured() as many, ThreadPoolExecutor(AT_ONCE) as pool:
            waited = list(pool.map(verify, [replace(machine)] * AT_ONCE))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    load = os.getloadavg()[0]
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}")
    print(f"load average at the end {load:.1f} (of which this benchmark itself about {PLACES})")
    print(f"one page, {len(CHECKS)} checks that pass, {ONES} times one after the other:")
    print(f"  seconds each: median {statistics.median(each):.1f}, highest {max(each):.1f}")
    print(f"  CPU seconds each: {one.cpu_seconds / ONES:.1f}   peak memory: {one.megabytes:.0f} MB")
    print(f"{AT_ONCE} at once, {PLACES} places:")
    print(
        f"  seconds in all {many.seconds:.1f}, the last one waited {max(waited):.1f}; {many.seconds / AT_ONCE:.1f} a "
        "page"
    )
    print(f"  CPU seconds each: {many.cpu_seconds / AT_ONCE:.1f}   peak memory: {many.megabytes:.0f} MB")
    print(
        "formula: pages a minute = 60 / (seconds in all / pages); CPU = user + system of all processes of the browser;"
    )
    print(
        "memory = highest sum, looked at 10 times a second, of their proportional set sizes: what is shared counts once"
    )


if __name__ == "__main__":
    main()
