"""How fast tasks are taken: `python -m benchmarks.intake` POSTs them to the service's web, to an empty Django view and
to a minimal FastAPI app.

All three in the same run, each with 2 processes, one after the other and again. What the service answered 200 must be a
row on disk.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.clients import post_for
from benchmarks.measurement import load, median, opening, percentile, target
from benchmarks.service import STARTS, running
from tests.processes import free_port, wait_for
from tests.service import ROOT, SECRET, Web, task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.clients import Answers

FORMULA = (
    "posts/s = answers with 200 / seconds, clients without a pause over connections that are kept; ratio = posts/s / "
    "FastAPI's posts/s, the median of all repeats side by side; lost = answers with 200 - rows of the service's "
    "database"
)
OURS, EMPTY, PEER = "service", "empty Django view", "FastAPI + SQLite"
P99 = 0.150  # seconds, at 16 clients
PROCESSES = "2"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intake", description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--seconds", type=float, default=8, help="of each measurement (8)")
    parser.add_argument("--repeats", type=int, default=3, help="of all of them (3)")
    parser.add_argument("--quick", action="store_true", help="1 second, once")
    given = parser.parse_args()
    if given.quick:
        given.seconds, given.repeats = 1, 1
    return given


class Bodies:
    """Makes requests, each of a task of its own."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        template = {**task("TASK", 1, "NONCE", "http://127.0.0.1:9/notify"), "secret": SECRET}
        self._template = json.dumps(template).replace("%", "%%").replace("TASK", "task-%(n)d").replace("NONCE", "%(n)d")

    def __call__(self) -> bytes:
        return (self._template % {"n": next(self._numbers)}).encode()


@contextmanager
def _server(*command: str, port: int, **environment: str) -> Iterator[int]:
    """Run a peer until the block ends and return its port."""
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
    # Its log goes to a file: a pipe that nobody reads stops a peer once it is full.
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, env=kept, stdout=subprocess.DEVNULL, stderr=log
        )
        try:
            ready = wait_for(lambda: process.poll() is not None or _listens(port), STARTS)
            if not ready or process.poll() is not None:
                log.seek(0)
                raise SystemExit(f"{command[0]} did not start: {log.read().decode()[-2000:]}")
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def empty_view() -> Iterator[int]:
    """Run the empty view under the service's own gunicorn settings: processes, threads, connections."""
    port = free_port()
    options = [
        "--config",
        "gunicorn.conf.py",
        "--bind",
        f"127.0.0.1:{port}",
        "benchmarks.peers.django_view:application",
    ]
    with _server("gunicorn", *options, port=port, ENV_FILE=os.devnull, SUPERVISOR_ID="none") as found:
        yield found


@contextmanager
def fastapi(like: Path) -> Iterator[int]:
    """Run the FastAPI app on a database that has the service's own table."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        database = Path(folder) / "peer.sqlite3"
        with closing(sqlite3.connect(like)) as source, closing(sqlite3.connect(database)) as made:
            wanted = (
                "SELECT sql FROM sqlite_master WHERE tbl_name = 'tasks_app_round' AND sql IS NOT NULL ORDER BY type "
                "DESC"
            )
            for (sql,) in source.execute(wanted).fetchall():
                made.execute(sql)
        options = [
            "--port",
            str(port),
            "--workers",
            PROCESSES,
            "--log-level",
            "warning",
            "benchmarks.peers.fastapi_app:app",
        ]
        with _server("uvicorn", *options, port=port, PEER_DATABASE=str(database), PEER_SECRET=SECRET) as found:
            yield found


def measure(given: argparse.Namespace) -> tuple[dict[tuple[str, int], list[Answers]], int]:
    """Return all answers by system and number of clients, and how many rows the service has in the end."""
    found: dict[tuple[str, int], list[Answers]] = {}
    with running(Web) as web, empty_view() as empty, fastapi(web.data / "db.sqlite3") as peer:
        ports, body = {OURS: web.port, EMPTY: empty, PEER: peer}, Bodies()
        warm = {
            name: post_for(port, 4, 0.5, body) for name, port in ports.items()
        }  # what a process imports at its first request
        for _ in range(given.repeats):
            for clients, (name, port) in itertools.product(given.clients, ports.items()):
                found.setdefault((name, clients), []).append(post_for(port, clients, given.seconds, body))
        rows = web.rows("SELECT count(*) FROM tasks_app_round")[0][0]
    return found, rows - len(warm[OURS].seconds)


def report(found: dict[tuple[str, int], list[Answers]], clients: list[int], rows: int) -> None:
    """Print the table and the targets."""
    print(f"{'clients':>7} {'system':<18} {'posts/s':>8} {'p50 ms':>7} {'p99 ms':>7} {'errors':>6} {'to FastAPI':>10}")
    for number, name in itertools.product(clients, (OURS, EMPTY, PEER)):
        runs = found[name, number]
        seconds = [one for run in runs for one in run.seconds]
        ratio = median(
            [one.per_second() / peer.per_second() for one, peer in zip(runs, found[PEER, number], strict=True)]
        )
        errors = sum(len(run.errors) for run in runs)
        print(
            f"{number:>7} {name:<18} {median([run.per_second() for run in runs]):>8.0f} {median(seconds) * 1e3:>7.1f} "
            f"{percentile(seconds, 0.99) * 1e3:>7.1f} {errors:>6} {ratio:>10.2f}"
        )
    ours = [run for (name, _), runs in found.items() if name == OURS for run in runs]
    print(load())
    target("errors of the service", sum(len(run.errors) for run in ours), at_most=0)
    target("lost: answered 200 and no row", sum(len(run.seconds) for run in ours) - rows, at_most=0)
    least = min(clients)
    slow = percentile([one for run in found[OURS, least] for one in run.seconds], 0.99)
    target(f"p99 of the service at {least} clients, in ms", slow * 1e3, at_most=P99 * 1e3)


def main() -> None:
    """Run it."""
    given = arguments()
    opening(FORMULA)
    found, rows = measure(given)
    report(found, given.clients, rows)


if __name__ == "__main__":
    main()
