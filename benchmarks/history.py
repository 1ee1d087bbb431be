"""What a long history costs: `python -m benchmarks.history` fills a database with rounds and times what reads them, on
SQLite and PostgreSQL.

One real round is taken by the service; the others are its rows again with names, times and keys of their own, written
by SQL.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.evaluator import Evaluator
from benchmarks.measurement import load, opening, target
from benchmarks.service import running
from tests.parts.postgresql import postgresql

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMULA = (
    "ms = the lower quartile of so many calls in one process (other work on the machine lengthens the rest; Django's "
    "own test client); growth = ms at the largest size / ms at the smallest, in the same run and database"
)
SIZES = [1_000, 10_000, 100_000, 1_000_000]
MOST = 3.0
#: What must not grow; the rest is measured beside it.
HELD = ("list", "round's page", "status", "dispatcher, idle", "dispatcher, 50 due")
DATABASES = ("sqlite", "postgresql")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("--on", choices=DATABASES, nargs="+", default=list(DATABASES))
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--calls", type=int, default=30, help="of each kind and size (30)")
    parser.add_argument("--quick", action="store_true", help="100 and 1000 rounds on SQLite, 5 calls")
    given = parser.parse_args()
    if given.quick:
        given.on, given.sizes, given.calls = ["sqlite"], [100, 1000], 5
    return given


def measure(given: argparse.Namespace, **environment: str) -> Mapping[str, list[float]]:
    """Fill one database and return the milliseconds of each kind of call by size."""
    settings = {"ADMIN_PASSWORD": "of-no-use", **environment}
    with running(workers=1, **settings) as service, Evaluator() as evaluator:
        evaluator.post(service, "first")
        assert evaluator.wait(120), service.tail()
        service.completes(evaluator.ids["first"], 30)
        service.stop()
        # Settings are read once a process, and the next database wants others.
        command = [sys.executable, "-m", "benchmarks.past", "--calls", str(given.calls), *map(str, given.sizes)]
        asked = {**os.environ, **service.environment, "PYTHONPATH": os.pathsep.join(sys.path)}
        ran = subprocess.run(command, env=asked, stdout=subprocess.PIPE, text=True, check=True)
    rows = [line.split("\t") for line in ran.stdout.splitlines()]
    return {name: [float(value) for value in values] for name, *values in rows}


def report(database: str, sizes: list[int], found: Mapping[str, list[float]]) -> None:
    """Print the table and the targets."""
    print(f"\n{database}, ms at so many rounds; {load()}")
    print(f"  {'':<22}" + "".join(f"{size:>11,}" for size in sizes) + f"{'growth':>8}")
    for name, values in found.items():
        print(f"  {name:<22}" + "".join(f"{value:>11.2f}" for value in values) + f"{values[-1] / values[0]:>8.2f}")
    for name in HELD:
        target(f"growth of '{name}' on {database}", found[name][-1] / found[name][0], at_most=MOST)


def main() -> None:
    """Run it."""
    given = arguments()
    opening(FORMULA)
    if "sqlite" in given.on:
        report("sqlite", given.sizes, measure(given))
    if "postgresql" in given.on:
        with postgresql() as server:
            report("postgresql", given.sizes, measure(given, DATABASE_URL=server.database()))


if __name__ == "__main__":
    main()
