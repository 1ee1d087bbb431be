"""How good the pages are: `python -m benchmarks.quality` runs the suite in benchmarks/suite/tasks by the service and by
a plain one-shot prompt.

The model is the one of LLM_API_KEY, LLM_BASE_URL and LLM_MODEL, or `--simulated`. `--prove` runs no model and proves
the suite itself.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.suite import engine_run
from benchmarks.suite.api import OtherHosts
from benchmarks.suite.judge import Judge, machine
from benchmarks.suite.proof import false_claims
from benchmarks.suite.report import Report, line
from benchmarks.suite.run import Bench
from benchmarks.suite.tasks import HALVES, load_tasks

if TYPE_CHECKING:
    from benchmarks.suite.report import Row
    from benchmarks.suite.tasks import SuiteTask


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--tasks", help="names, separated by commas")
    which.add_argument("--half", choices=HALVES)
    parser.add_argument("--rounds", type=int, choices=(1, 2), default=2)
    parser.add_argument("--seconds", type=int, default=600, help="deadline of a round, as ROUND_DEADLINE_SECONDS (600)")
    parser.add_argument("--simulated", action="store_true", help="the simulated model")
    parser.add_argument("--no-one-shot", action="store_true", help="leave the plain prompt out")
    parser.add_argument("--prove", action="store_true", help="prove the suite by its own pages, without a model")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, for machines")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="pages and replies, to be looked at")
    return parser.parse_args()


def chosen(options: argparse.Namespace) -> tuple[list[SuiteTask], list[str]]:
    """Return the tasks to be run, and why the others are not. Exits where a name is unknown."""
    tasks = load_tasks()
    names = options.tasks.split(",") if options.tasks else [one.name for one in tasks]
    if unknown := set(names) - {one.name for one in tasks}:
        sys.exit(f"no task is called {', '.join(sorted(unknown))}; there are {', '.join(one.name for one in tasks)}")
    wanted = [one for one in tasks if one.name in names and options.half in {None, one.half}]
    left = [one.name for one in tasks if one not in wanted]
    reason = f"--half {options.half}" if options.half else "--tasks"
    return wanted, [f"{', '.join(left)}: left out by {reason}"] if left else []


def prove(tasks: list[SuiteTask], folder: Path) -> None:
    """Prove the tasks; exits with 1 where one is not true."""
    judge = Judge(machine(folder, window=3.0))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda task: false_claims(task, judge), tasks))
    for task, wrong in zip(tasks, found, strict=True):
        print("\n".join([f"{task.name}: {'not ' if wrong else ''}true", *(f"  {sentence}" for sentence in wrong)]))
    sys.exit(any(found))


def measure(options: argparse.Namespace, tasks: list[SuiteTask], not_run: list[str], folder: Path) -> None:
    """Run the tasks and print the figures, each row as soon as it is there."""
    model = "simulated" if options.simulated else os.environ.get("LLM_MODEL", "")
    if not model:
        sys.exit("set LLM_API_KEY, LLM_MODEL and, unless it is OpenAI's, LLM_BASE_URL; or --simulated")
    server = "no server" if options.simulated else os.environ.get("LLM_BASE_URL", "OpenAI")
    if options.rounds == 1:
        not_run.append("round 2: left out by --rounds 1")
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    with OtherHosts() as hosts:
        engine_run.start(folder, mirror=hosts.url(""), seconds=options.seconds, simulated=options.simulated)
        bench = Bench(Judge(machine(folder / "places")), hosts, options.seconds, options.keep).with_engine()
        if options.simulated:
            not_run.append("the plain prompt: the simulated model reads only the service's own prompts")
        elif options.no_one_shot:
            not_run.append("the plain prompt: left out by --no-one-shot")
        else:
            bench.with_one_shot()
        for task in tasks:
            for row in bench.rows(task, options.rounds):
                print(line(row), flush=True)
                rows.append(row)
                _write(options.json, Report(model, server, rows, not_run))
    print(f"\n{Report(model, server, rows, not_run).text()}")


def _write(path: Path | None, report: Report) -> None:
    if path:
        path.write_text(json.dumps(report.plain(), indent=1, ensure_ascii=False) + "\n")


def main() -> None:
    """Run it."""
    options = arguments()
    tasks, not_run = chosen(options)
    with tempfile.TemporaryDirectory(prefix="quality-") as name:
        if options.prove:
            prove(tasks, Path(name))
        measure(options, tasks, not_run, Path(name))


if __name__ == "__main__":
    main()
