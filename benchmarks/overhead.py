"""What a round costs by itself: `python -m benchmarks.overhead` takes rounds one after the other on embedded parts, and
tells where the time goes.

The model answers at once and a build takes no time, so that all there is is the service's own: once without a browser,
once with checks in one.
"""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING

from benchmarks.evaluator import Evaluator
from benchmarks.measurement import cpu_seconds, load, median, opening, percentile, target
from benchmarks.service import NO_SANDBOX, running

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.service import Service

FORMULA = (
    "own time = callback heard - POST sent (model 0 s, build 0 s), one round at a time; each part by the service's own "
    "record of its steps, 'until taken' from the POST's answer to the first claim; CPU of all processes of the service"
)
PARTS = ("intake", "until taken", "generate", "verify", "publish", "deploy", "notify")
MOST = 1.0  # seconds at the median, without a browser
CHECKS = ["js: document.title.length > 0", "Repo has MIT license"]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="without a browser (30)")
    parser.add_argument("--browser-rounds", type=int, default=5, help="with one; 0: leave it out (5)")
    parser.add_argument("--quick", action="store_true", help="3 rounds, no browser")
    given = parser.parse_args()
    if given.quick:
        given.rounds, given.browser_rounds = 3, 0
    return given


def measure(rounds: int, *, browsers: int) -> tuple[list[Mapping[str, float]], float]:
    """Return the seconds of each round by part and as `all`, and the CPU seconds of a round."""
    with running(workers=2, BROWSERS=str(browsers), **NO_SANDBOX) as service, Evaluator() as evaluator:
        _one(service, evaluator, "warm-0")  # what a worker reads and imports once
        _one(service, evaluator, "warm-1")
        before = cpu_seconds(service.everyone())
        found = [_one(service, evaluator, str(number)) for number in range(rounds)]
        return found, (cpu_seconds(service.everyone()) - before) / rounds


def _one(service: Service, evaluator: Evaluator, nonce: str) -> Mapping[str, float]:
    """Take one round and return its parts."""
    answered = _posted(service, evaluator, nonce)
    assert evaluator.wait(120), service.tail()
    status = service.completes(evaluator.ids[nonce], 30)
    steps = {step["name"]: (_moment(step["started_at"]), _moment(step["finished_at"])) for step in status["steps"]}
    told = evaluator.told[nonce]
    return {
        "all": (told - evaluator.posted[nonce]).total_seconds(),
        "intake": (answered - evaluator.posted[nonce]).total_seconds(),
        "until taken": (steps["generate"][0] - answered).total_seconds(),
        **{name: (end - start).total_seconds() for name, (start, end) in steps.items()},
        "notify": (told - steps["notify"][0]).total_seconds(),
    }


def _posted(service: Service, evaluator: Evaluator, nonce: str) -> datetime:
    evaluator.post(service, nonce, checks=CHECKS)
    return datetime.now(evaluator.posted[nonce].tzinfo)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def report(found: list[Mapping[str, float]], cpu: float, title: str) -> float:
    """Print a table and return the median of the whole."""
    whole = [one["all"] for one in found]
    print(f"\n{title}: {len(found)} rounds, CPU {cpu:.2f} s a round; {load()}")
    print(f"  {'part':<12} {'median s':>9} {'p95 s':>7} {'share':>6}")
    for part in (*PARTS, "all"):
        values = [one[part] for one in found]
        print(f"  {part:<12} {median(values):>9.3f} {percentile(values, 0.95):>7.3f} {sum(values) / sum(whole):>6.0%}")
    return median(whole)


def main() -> None:
    """Run it."""
    given = arguments()
    opening(FORMULA)
    without = report(*measure(given.rounds, browsers=0), "without a browser")
    if given.browser_rounds:
        report(*measure(given.browser_rounds, browsers=2), "with a browser, before publishing and on the live page")
    target("own seconds of a round at the median, without a browser", without, at_most=MOST)


if __name__ == "__main__":
    main()
