"""New work beside many that wait: `python -m benchmarks.crowd` posts tasks while 200 rounds wait on builds of Pages
that do not end.

At the double of GitHub, at its own pace of writes. The same tasks are posted before to the same service with nobody
waiting.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmarks.evaluator import Evaluator
from benchmarks.measurement import load, median, opening, target
from benchmarks.service import running
from tests.chaos.crowd import begun, crowd_in, looked_at
from tests.doubles.github.double import GitHubDouble

if TYPE_CHECKING:
    from tests.service import Service

FORMULA = (
    "start = seconds from a round's arrival to its first step, by the service's own rows, one task after the other; "
    "looks = looks at others' pages between the two"
)
MOST = 2.0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=__doc__)
    parser.add_argument("--waiting", type=int, default=200)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--tasks", type=int, default=10, help="posted without and with the waiting ones (10)")
    parser.add_argument("--quick", action="store_true", help="20 waiting, 2 workers, 2 tasks")
    given = parser.parse_args()
    if given.quick:
        given.waiting, given.workers, given.tasks = 20, 2, 2
    return given


def started(service: Service, evaluator: Evaluator, beside: int, tasks: int) -> list[float]:
    """Print how soon new rounds begin beside so many that wait, and return the seconds."""
    found = []
    for number in range(tasks):
        nonce = f"beside-{beside}-{number}"
        evaluator.post(service, nonce)
        found.append(begun(service, evaluator.ids[nonce]))
    seconds = [one for one, _ in found]
    print(
        f"{beside:>7} {median(seconds):>8.2f} {max(seconds):>9.2f} {max(n for _, n in found):>10}   {load()}",
        flush=True,
    )
    return seconds


def main() -> None:
    """Run it."""
    given = arguments()
    opening(FORMULA)
    print(f"{given.tasks} tasks one after the other, {given.workers} workers, no browser, builds that do not end")
    print("waiting median s highest s most looks")
    with GitHubDouble(build_seconds=24 * 3600.0) as forge:
        settings = {"FORGE": "github", "GITHUB_API_URL": forge.url, "GITHUB_TOKEN": forge.token}
        with running(workers=given.workers, **settings) as service, Evaluator() as evaluator:
            started(service, evaluator, 0, given.tasks)
            crowd_in(service, forge, given.waiting)
            looked_at(service, given.tasks + given.waiting // 4, seconds=300)
            seconds = started(service, evaluator, given.waiting, given.tasks)
            looked_at(service, given.waiting + 2 * given.tasks, seconds=900)
        exceeded = len(forge.exceeded)
    target(f"highest start beside {given.waiting} waiting", max(seconds), at_most=MOST)
    target("passed limits of GitHub", exceeded, at_most=0)


if __name__ == "__main__":
    main()
