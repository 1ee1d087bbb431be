"""All at once: `python -m benchmarks.burst` posts 100 tasks at a time and compares the last callback with the least
that it could take.

At the double of GitHub. **Its pace of writes and ours are switched off**: GitHub's own limits (80 writes a minute)
would be all that is measured.
"""

from __future__ import annotations

import argparse
import math
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

from benchmarks.evaluator import Evaluator
from benchmarks.github import UNPACED, change, double, summary
from benchmarks.measurement import cpu_seconds, load, median, opening, percentile, target
from benchmarks.service import running

if TYPE_CHECKING:
    from tasks_app.rehearsal.demo import DemoForge
    from tests.service import Service

FORMULA = (
    "burst = seconds from the first POST to the last callback / (ceil(tasks / workers) x (model + own work of a round) "
    "+ build); own work = from the claim to the end of a round that is alone, less the model, with a build of 0 s: the "
    "median of 3 in the same run, calls at GitHub included"
)
MOST = 1.15
ALONE = 3


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.burst", description=__doc__)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--workers", type=int, nargs="+", default=[4, 16, 32])
    parser.add_argument("--model", type=float, default=5, help="seconds of a model's answer (5)")
    parser.add_argument("--build", type=float, default=10, help="seconds of a build (10)")
    parser.add_argument("--call", type=float, default=0.1, help="seconds of a call at GitHub (0.1)")
    parser.add_argument("--quick", action="store_true", help="6 tasks, 2 workers, model 1 s, build 1 s")
    given = parser.parse_args()
    if given.quick:
        given.tasks, given.workers, given.model, given.build = 6, [2], 1.0, 1.0
    return given


def measure(given: argparse.Namespace, workers: int) -> float:
    """Print what so many workers came to and return it over the least that it could take."""
    with double(build_seconds=0, call_seconds=given.call) as forge:
        settings = {**forge.settings, **UNPACED, "SIMULATED_LLM_SECONDS": str(given.model)}
        with running(workers=workers, **settings) as service, Evaluator() as evaluator:
            own = median([_alone(service, evaluator, f"alone-{n}") for n in range(ALONE)]) - given.model
            change(forge, build_seconds=given.build)
            return _together(given, workers, own, service, forge)


def _alone(service: Service, evaluator: Evaluator, nonce: str) -> float:
    """Return the seconds from the claim to the end of a round that is alone."""
    evaluator.post(service, nonce)
    assert evaluator.wait(120), service.tail()
    steps = {step["name"]: step for step in service.completes(evaluator.ids[nonce], 30)["steps"]}
    return (_moment(steps["notify"]["finished_at"]) - _moment(steps["generate"]["started_at"])).total_seconds()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _together(given: argparse.Namespace, workers: int, own: float, service: Service, forge: DemoForge) -> float:
    least = math.ceil(given.tasks / workers) * (given.model + own) + given.build
    with Evaluator() as evaluator, ThreadPoolExecutor(16) as pool:
        cpu, calls = cpu_seconds(service.everyone()), sum(summary(forge)["kinds"].values())
        list(pool.map(lambda n: evaluator.post(service, f"burst-{n}"), range(given.tasks)))
        everybody = evaluator.wait(20 * least)
        told = summary(forge)
        cpu, calls = cpu_seconds(service.everyone()) - cpu, sum(told["kinds"].values()) - calls
        assert everybody, f"{len(evaluator.told)} of {given.tasks} were told\n{service.tail()}"
        each = [evaluator.seconds(nonce) for nonce in evaluator.posted]
        took = evaluator.last()
    live = service.rows("SELECT count(*) FROM tasks_app_round WHERE live")[0][0] - ALONE
    print(
        f"{workers:>7} {own:>6.2f} {least:>7.1f} {took:>7.1f} {took / least:>6.2f} {median(each):>8.1f} "
        f"{percentile(each, 0.95):>7.1f} {live:>4}/{given.tasks} {calls / given.tasks:>11.1f} "
        f"{cpu / given.tasks:>11.2f}   {load()}",
        flush=True,
    )
    assert not told["exceeded"], told["exceeded"]
    return took / least


def main() -> None:
    """Run it."""
    given = arguments()
    opening(FORMULA)
    print(
        f"{given.tasks} tasks at once, model {given.model:g} s, build {given.build:g} s, {given.call:g} s a call, "
        "browser off; writes at no pace"
    )
    print("workers  own s least s  last s  burst median s   p95 s live/all calls/round CPU s/round")
    for workers in given.workers:
        target(f"burst at {workers} workers", measure(given, workers), at_most=MOST)


if __name__ == "__main__":
    main()
