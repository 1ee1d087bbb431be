"""More machines: `python -m benchmarks.scaleout` takes the same tasks with 1, 2 and 4 trees of workers on one
PostgreSQL and one web.

Each tree is `manage.py worker` with data of its own, as on a machine of its own; they publish to the double of GitHub,
without a pace of writes.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from benchmarks.evaluator import Evaluator
from benchmarks.github import UNPACED, double
from benchmarks.measurement import cpu_seconds, load, opening
from benchmarks.service import running
from tests.parts.postgresql import postgresql
from tests.service import Web, Workers

FORMULA = (
    "speed-up = seconds from the first POST to the last callback with 1 tree / the same with n; efficiency = speed-up "
    "/ n; cores used = CPU seconds of web and trees / seconds (the double of GitHub and PostgreSQL use the same cores)"
)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaleout", description=__doc__)
    parser.add_argument("--trees", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--workers", type=int, default=4, help="of each tree (4)")
    parser.add_argument("--tasks", type=int, default=48)
    parser.add_argument("--model", type=float, default=5, help="seconds of a model's answer (5)")
    parser.add_argument("--quick", action="store_true", help="1 and 2 trees of 1 worker, 4 tasks, model 1 s")
    given = parser.parse_args()
    if given.quick:
        given.trees, given.workers, given.tasks, given.model = [1, 2], 1, 4, 1.0
    return given


def measure(given: argparse.Namespace, trees: int, database: str) -> tuple[float, float]:
    """Return the seconds to the last callback, and the CPU seconds of web and trees."""
    with ExitStack() as stack:
        forge = stack.enter_context(double(build_seconds=0))
        settings = {
            **forge.settings,
            **UNPACED,
            "DATABASE_URL": database,
            "SIMULATED_LLM_SECONDS": str(given.model),
            "DJANGO_SECRET_KEY": "k" * 50,
        }
        web = stack.enter_context(running(Web, **settings))
        machines = [stack.enter_context(running(Workers, workers=given.workers, **settings)) for _ in range(trees)]
        evaluator = stack.enter_context(Evaluator())
        everyone = [web, *machines]
        before = sum(cpu_seconds(one.everyone()) for one in everyone)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: evaluator.post(web, f"scale-{n}"), range(given.tasks)))
        assert evaluator.wait(20 * given.tasks * (given.model + 5)), "".join(one.tail() for one in machines)
        took, cpu = evaluator.last(), sum(cpu_seconds(one.everyone()) for one in everyone) - before
        owners = web.rows("SELECT worker FROM tasks_app_workerbeat")
    assert len({name.partition(":")[0] for (name,) in owners}) == trees, owners
    return took, cpu


def main() -> None:
    """Run it."""
    given = arguments()
    opening(FORMULA)
    print(f"{given.tasks} tasks, {given.workers} workers a tree, model {given.model:g} s, no browser")
    print("trees workers seconds speed-up efficiency cores used")
    base = None
    with postgresql() as server:
        for trees in given.trees:
            took, cpu = measure(given, trees, server.database())
            base = base or took * trees
            print(
                f"{trees:>5} {trees * given.workers:>7} {took:>7.1f} {base / took:>8.2f} {base / took / trees:>10.2f} "
                f"{cpu / took:>10.2f}   {load()}",
                flush=True,
            )


if __name__ == "__main__":
    main()
