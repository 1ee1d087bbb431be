"""How much memory it takes: `python -m benchmarks.memory` sums the proportional set sizes of web and 4 to 32 workers,
and with 2 browsers at work."""

from __future__ import annotations

import argparse
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from benchmarks.evaluator import Evaluator
from benchmarks.measurement import load, memory, opening, target
from benchmarks.overhead import CHECKS
from benchmarks.service import NO_SANDBOX, running
from engine.adapters.browser.process_tree import ProcessTree

if TYPE_CHECKING:
    from tests.service import Service

FORMULA = (
    "MB = sum of PSS (what processes share counts once) of serve, web, cluster and workers, after two rounds for each "
    "worker; MB a further worker = (MB at the most workers - MB at 8) / (the most workers - 8)"
)
ROLES = {
    "web": ("web master", "web worker"),
    "rest": ("serve", "dispatcher", "cluster main", "sentinel", "monitor", "pusher"),
}
COLUMNS = ("web", "workers", "rest")
WITH_EIGHT, FURTHER = 450.0, 30.0  # MB


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[4, 8, 16, 32])
    parser.add_argument(
        "--browser-tasks", type=int, default=6, help="with a js: check, at 8 workers; 0: leave it out (6)"
    )
    parser.add_argument("--quick", action="store_true", help="1 and 2 workers, no browser")
    given = parser.parse_args()
    if given.quick:
        given.workers, given.browser_tasks = [1, 2], 0
    return given


def at_rest(workers: int) -> float:
    """Print what so many workers take when they have worked and rest; return the sum."""
    with running(workers=workers, SIMULATED_LLM_SECONDS="0.3") as service, Evaluator() as evaluator:
        _work(service, evaluator, 2 * workers)
        roles = service.roles()
        parts = {name: memory([pid for role in which for pid in roles[role]]) for name, which in ROLES.items()}
        whole = memory(service.everyone())
    parts["workers"] = whole - sum(parts.values())  # a worker says what it is doing, and may be between two words
    print(
        f"{workers:>7} {whole:>7.0f} " + " ".join(f"{parts[one]:>8.0f}" for one in COLUMNS) + f"   {load()}", flush=True
    )
    return whole


def with_browsers(tasks: int) -> float:
    """Return the most that 8 workers and 2 browsers took together while pages were checked."""
    with running(workers=8, BROWSERS="2", **NO_SANDBOX) as service, Evaluator() as evaluator:
        assert service.process
        tree, done, seen = ProcessTree(service.process.pid), threading.Event(), [0.0]

        def watch() -> None:
            while not done.wait(0.2):
                tree.look()
                seen.append(tree.memory_bytes() / 1024**2)

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            _work(service, evaluator, tasks)
        finally:
            done.set()
            watching.join()
    return max(seen)


def _work(service: Service, evaluator: Evaluator, tasks: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: evaluator.post(service, f"memory-{n}", checks=CHECKS), range(tasks)))
    assert evaluator.wait(600), service.tail()


def main() -> None:
    """Run it."""
    given = arguments()
    opening(FORMULA)
    print(f"workers      MB {' '.join(f'{name:>8}' for name in COLUMNS)}")
    found = {workers: at_rest(workers) for workers in given.workers}
    if given.browser_tasks:
        print(
            f"8 workers and 2 browsers at work: {with_browsers(given.browser_tasks):.0f} MB at most, looked at 5 times "
            "a second"
        )
    base, most = (8 if 8 in found else min(found)), max(found)
    target(f"MB of web and {base} workers", found[base], at_most=WITH_EIGHT)
    if most > base:
        target("MB of each further worker", (found[most] - found[base]) / (most - base), at_most=FURTHER)


if __name__ == "__main__":
    main()
