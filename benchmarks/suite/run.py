"""A run of the suite: each task by the service and, at the same time, by a plain one-shot prompt; both judged alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.suite import engine_run, one_shot
from benchmarks.suite.judge import Judge, Score, score
from benchmarks.suite.report import ENGINE, ONE_SHOT, Row
from engine.domain.budget import SHARES
from engine.domain.checks import Verdict
from engine.domain.lifecycle import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from benchmarks.suite.api import OtherHosts
    from benchmarks.suite.engine_run import Made
    from benchmarks.suite.tasks import SuiteRound, SuiteTask
    from engine.domain.checks import Check

    Make = Callable[[SuiteTask, int, Mapping[str, bytes]], Made]


@dataclass(frozen=True, slots=True)
class Bench:
    """What a run needs.

    `hosts` are the other hosts that the service's own browser sees; `keep`: where pages and replies are put.
    """

    judge: Judge
    hosts: OtherHosts
    seconds: int
    keep: Path | None = None
    makers: dict[str, Make] = field(default_factory=dict)

    def with_engine(self) -> Bench:
        """Measure the service, which was started before."""
        self.makers[ENGINE] = self._by_engine
        return self

    def with_one_shot(self) -> Bench:
        """Measure the plain prompt too, by the service's own author, within what the service gives a first call."""
        from tasks_app import wiring

        author = wiring.author()
        seconds = self.seconds * SHARES[Step.GENERATE]

        def make(task: SuiteTask, number: int, tree: Mapping[str, bytes]) -> Made:
            return one_shot.write_page(author, author.models[0], task.rounds[number - 1], tree, seconds=seconds)

        self.makers[ONE_SHOT] = make
        return self

    def rows(self, task: SuiteTask, rounds: int) -> Iterator[Row]:
        """Run a task's rounds by every system, one after the other."""
        for system, make in self.makers.items():
            tree: Mapping[str, bytes] = {}
            held: list[Check] = []
            for number, asked in enumerate(task.rounds[:rounds], 1):
                self.hosts.answers = asked.api
                made = make(task, number, tree)
                self._keep(f"{task.name}-{number}-{system}", made)
                row, held = self._judged(task, number, system, made, held)
                tree = made.final
                yield row

    def _by_engine(self, task: SuiteTask, number: int, tree: Mapping[str, bytes]) -> Made:
        return engine_run.run_round(task.name, number, task.rounds[number - 1])

    def _judged(
        self, task: SuiteTask, number: int, system: str, made: Made, held: list[Check]
    ) -> tuple[Row, list[Check]]:
        """Return the row, and which of the round's checks hold."""
        asked = task.rounds[number - 1]
        checks = [*asked.checks, *asked.withheld, *held]
        results = self.judge.results(made.final, checks, asked.api) if made.final else []
        shown, told = len(asked.checks), len(asked.checks) + len(asked.withheld)
        final = score(results[:shown]) if results else Score(0, shown)
        first = final if made.first == made.final else self._first(made, asked)
        row = Row(
            task.name,
            task.half,
            number,
            system,
            first=first,
            final=final,
            withheld=score(results[shown:told]) if results else Score(0, told - shown),
            kept=score(results[told:]) if results else Score(0, len(held)),
            swap=self._swapped(made, asked),
            usage=made.usage,
            note=made.note,
            failing=tuple(
                f"{one.check.text}: {one.verdict} {one.detail}"[:600]
                for one in results
                if one.verdict is not Verdict.PASS
            ),
        )
        return row, [one.check for one in results[:told] if one.verdict is Verdict.PASS]

    def _first(self, made: Made, asked: SuiteRound) -> Score:
        if not made.first:
            return Score(0, len(asked.checks))
        return self.judge.scores(made.first, [asked.checks], asked.api)[0]

    def _swapped(self, made: Made, asked: SuiteRound) -> Score:
        if asked.swap is None:
            return Score()
        if not made.final:
            return Score(0, len(asked.swap.checks))
        files = {**made.final, **asked.swap.attachments}
        return self.judge.scores(files, [asked.swap.checks], {**asked.api, **asked.swap.api})[0]

    def _keep(self, name: str, made: Made) -> None:
        if self.keep is None:
            return
        for number, reply in enumerate(made.said, 1):
            (self.keep / f"{name}-reply-{number}.txt").write_text(reply)
        for which, files in (("first", made.first), ("final", made.final)):
            for path, content in files.items():
                if path in {"index.html", "README.md"}:
                    (self.keep / f"{name}-{which}-{path}").write_bytes(content)
