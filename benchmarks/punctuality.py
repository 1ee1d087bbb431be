"""Who is told in time: `python -m benchmarks.punctuality` takes 60 rounds with a slow model and slow builds while
something is killed every minute.

Publishing is to the double of GitHub at GitHub's and our own pace of writes. The model is a server on loopback that
thinks for its time and then says what the simulated author would.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.evaluator import Evaluator
from benchmarks.github import change, double
from benchmarks.measurement import load, median, opening, percentile, target
from benchmarks.service import STARTS, running
from engine.adapters.simulated_author import SimulatedAuthor
from engine.domain.model_call import Message
from tests.doubles.openai_scenarios import Scenario, completion
from tests.doubles.openai_server import OpenAIServer
from tests.processes import wait_for
from tests.roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks_app.rehearsal.demo import DemoForge
    from tests.service import Service

FORMULA = (
    "share in time = rounds whose callback was heard within the deadline from their POST / rounds; seconds = callback "
    "heard - POST sent"
)
LEAST = 0.95


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.punctuality", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--every", type=float, default=15, help="seconds between two POSTs (15)")
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--model", type=float, nargs=2, default=[60, 120], help="seconds, from and to (60 120)")
    parser.add_argument("--build", type=float, nargs=2, default=[30, 180], help="seconds, from and to (30 180)")
    parser.add_argument("--kill-every", type=float, default=60, help="seconds (60)")
    parser.add_argument("--deadline", type=int, default=600, help="ROUND_DEADLINE_SECONDS (600)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="4 rounds, all of it within seconds")
    given = parser.parse_args()
    if given.quick:
        given.rounds, given.every, given.workers, given.kill_every, given.deadline = 4, 1, 2, 15, 300
        given.model, given.build = [1, 2], [1, 3]
    return given


@dataclass
class Times:
    """The slow things, by a seed."""

    given: argparse.Namespace
    dice: random.Random = field(default_factory=random.Random)

    def answer(self, request: dict[str, Any]) -> Scenario:
        """Think for the model's time and answer as the simulated author does."""
        time.sleep(self.dice.uniform(*self.given.model))
        messages = [Message(one["role"], one["content"]) for one in request["messages"]]
        return Scenario(completion(SimulatedAuthor().write(messages, model="double-1", seconds=1).text))

    def builds(self, forge: DemoForge, over: threading.Event) -> None:
        """Let each build that begins take a time of its own."""
        while not over.wait(0.5):
            change(forge, build_seconds=self.dice.uniform(*self.given.build))

    def kills(self, service: Service, over: threading.Event, killed: list[str]) -> None:
        """Kill a process of any role, again and again."""
        while not over.wait(self.given.kill_every):
            role = self.dice.choice(ROLES)
            if victims := service.roles()[role]:
                _kill(service, self.dice.choice(victims), role)
                killed.append(role)


def _kill(service: Service, pid: int, role: str) -> None:
    os.kill(pid, signal.SIGKILL)
    if role == "serve":  # an init would start it again
        assert service.process
        service.process.wait()
        wait_for(lambda: not service.everyone(), STARTS)
        service.start()


@contextmanager
def _meanwhile(*acts: Any) -> Iterator[None]:
    """Do things in threads of their own until the block ends; each is given the event that ends it."""
    over = threading.Event()
    threads = [threading.Thread(target=act, args=(over,)) for act in acts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def measure(given: argparse.Namespace) -> float:
    """Print how it went and return the share in time."""
    times, killed = Times(given, random.Random(given.seed)), []  # noqa: S311
    with OpenAIServer() as model, double(build_seconds=given.build[0]) as forge, Evaluator() as evaluator:
        model.scenario = times.answer
        change(forge, paced=True)
        settings = {
            **forge.settings,
            "LLM_PROVIDER": "openai",
            "LLM_API_KEY": "of-no-use-here",
            "LLM_BASE_URL": model.url,
            "LLM_MODEL": "double-1",
            "LLM_FALLBACK_MODELS": "double-1",
            "ROUND_DEADLINE_SECONDS": str(given.deadline),
        }
        with running(workers=given.workers, **settings) as service:
            with _meanwhile(lambda over: times.builds(forge, over), lambda over: times.kills(service, over, killed)):
                for number in range(given.rounds):
                    evaluator.post(service, f"p-{number}")
                    time.sleep(given.every if number + 1 < given.rounds else 0)
                evaluator.wait(2 * given.deadline)
            return _report(given, service, evaluator, killed)


def _report(given: argparse.Namespace, service: Service, evaluator: Evaluator, killed: list[str]) -> float:
    seconds = {nonce: evaluator.seconds(nonce) for nonce in evaluator.told}
    late = [nonce for nonce in evaluator.posted if seconds.get(nonce, given.deadline + 1) > given.deadline]
    told = list(seconds.values())
    print(f"{len(killed)} kills: {', '.join(killed)}")
    print(
        f"seconds to the callback: median {median(told):.0f}, p95 {percentile(told, 0.95):.0f}, highest "
        f"{percentile(told, 1):.0f}; {load()}"
    )
    live = sum(bool((service.get(f"/api/rounds/{identity}") or {}).get("live")) for identity in evaluator.ids.values())
    print(f"told of {given.rounds}: {len(told)}, of which live by then or within the watch: {live}")
    for nonce in late:
        status = service.get(f"/api/rounds/{evaluator.ids[nonce]}") or {}
        steps = "; ".join(
            f"{one['name']} {one['started_at'][11:19]}-{(one['finished_at'] or '')[11:19]} {one['detail'][:120]}"
            for one in status.get("steps", [])
        )
        print(
            f"LATE {nonce} by {seconds.get(nonce, float('nan')) - given.deadline:.0f} s: {status.get('state')}: {steps}"
        )
    return 1 - len(late) / given.rounds


def main() -> None:
    """Run it."""
    given = arguments()
    opening(FORMULA)
    print(
        f"{given.rounds} rounds, one every {given.every:g} s, {given.workers} workers, model {given.model[0]:g} to "
        f"{given.model[1]:g} s, build {given.build[0]:g} to {given.build[1]:g} s, one kill every {given.kill_every:g} "
        f"s, deadline {given.deadline} s, no browser"
    )
    target("share told in time", measure(given), at_least=LEAST)


if __name__ == "__main__":
    main()
