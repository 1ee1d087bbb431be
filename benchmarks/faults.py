"""What honest tasks notice of faults: `python -m benchmarks.faults` posts a task a second beside each fault, to a
service of its own, and counts what was taken, how long a POST took, the memory, and what was lost or called back
twice."""

from __future__ import annotations

import argparse
import base64
import json
import os
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import psycopg
import pytest

from benchmarks.evaluator import Evaluator
from benchmarks.measurement import load, median, opening, target
from benchmarks.service import STARTS
from engine.adapters.browser.process_tree import ProcessTree
from engine.inputs.task_request import MAX_BODY
from tests.parts.program import folder, program, run, running
from tests.processes import free_port, wait_for
from tests.service import SECRET, Service, task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMULA = (
    "seconds = from the first try of a POST to its 200; at once = the first try was answered so; MB = the most PSS of "
    "the service's processes, looked at twice a second; lost = accepted, and no callback within the wait after the "
    "fault; not taken = no 200 in four minutes of tries; twice = rounds whose callback came more than once"
)
WAIT = 240.0  # seconds after a fault until every accepted round must be called back
TRY = 90.0  # seconds that one try of a POST may take
AN_HOUR = 3600


@dataclass
class Honest:
    """Posts a task a second until it is stopped. `firsts` counts the answers to first tries, by status or error."""

    service: Service
    evaluator: Evaluator
    seconds: list[float] = field(default_factory=list)
    firsts: Counter[str] = field(default_factory=Counter)
    given_up: int = 0
    _done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Honest:
        self._pool = ThreadPoolExecutor(64)
        self._ticking = threading.Thread(target=self._tick)
        self._ticking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._ticking.join()
        self._pool.shutdown()

    def _tick(self) -> None:
        number = 0
        while not self._done.wait(1.0):
            self._pool.submit(self._post, f"honest-{number}")
            number += 1

    def _post(self, nonce: str) -> None:
        body = task(f"faults-{nonce}", 1, nonce, self.evaluator.url("/notify")) | {"secret": SECRET}
        begun, tries = time.monotonic(), 0
        with httpx2.Client(timeout=TRY, trust_env=False) as client:
            while time.monotonic() - begun < WAIT:
                try:
                    said = str(client.post(f"{self.service.public}/handle_task", json=body).status_code)
                except httpx2.HTTPError as error:
                    said = type(error).__name__
                tries += 1
                if tries == 1:
                    self.firsts[said] += 1
                if said == "200":
                    self.seconds.append(time.monotonic() - begun)
                    self.evaluator.note(nonce)
                    return
                time.sleep(0.5)
        self.given_up += 1


class Counting(Evaluator):
    """An evaluator that knows which accepted rounds were called back, and how often."""

    def note(self, nonce: str) -> None:
        """Expect a callback for an accepted task."""
        self.posted[nonce] = datetime.now(UTC)

    def missing(self) -> set[str]:
        return self.posted.keys() - self.told.keys()

    def twice(self) -> int:
        return sum(count > 1 for count in Counter(json.loads(one.body)["nonce"] for one in self.asked).values())


class Memory:
    """The most memory of a tree of processes."""

    def __init__(self, pid: int) -> None:
        self.most = 0.0
        self._tree, self._done = ProcessTree(pid), threading.Event()
        self._watching = threading.Thread(target=self._watch)

    def __enter__(self) -> Memory:
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watching.join()

    def _watch(self) -> None:
        while not self._done.wait(0.5):
            self._tree.look()
            self.most = max(self.most, self._tree.memory_bytes() / 1024**2)


# --- Faults: each does what it does for a while, and returns what there is to say of it -------------------------------


def nothing(_service: Service, _evaluator: Counting, given: argparse.Namespace) -> str:
    time.sleep(given.seconds)
    return ""


def slow_connections(service: Service, _evaluator: Counting, given: argparse.Namespace) -> str:
    """A third says nothing, a third sends its head and a third its body at a byte a second."""
    head = (
        b"POST /handle_task HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n"
    )
    texts = (b"", head, b"{" + b" " * 9_998)
    with ExitStack() as stack:
        slow = []
        for number in range(200):
            slow.append(one := stack.enter_context(socket.create_connection(("127.0.0.1", service.port), 10)))
            if number % 3 == 2:
                one.sendall(head + b"\r\n")
            one.settimeout(1)
        closed: set[int] = set()
        for second in range(given.seconds):
            for number, one in enumerate(slow):
                if (text := texts[number % 3]) and number not in closed:
                    try:
                        one.sendall(text[second : second + 1])
                    except OSError:
                        closed.add(number)
            time.sleep(1)
    return f"200 connections, {len(closed)} of those that send were closed"


def _large(service: Service, count: int, begins: Callable[[int], bytes], ends: bytes) -> list[str]:
    """Post large bodies at once and return the status or the error of each."""
    filler = base64.b64encode(b"0" * (MAX_BODY // 4 * 3 - 3_000))

    def post(number: int) -> str:
        def parts() -> Iterator[bytes]:
            yield begins(number)
            yield filler
            yield ends

        length = len(begins(number)) + len(filler) + len(ends)
        try:
            with httpx2.Client(timeout=600, trust_env=False) as client:
                headers = {"Content-Length": str(length), "Content-Type": "application/json"}
                answer = client.post(f"{service.public}/handle_task", content=parts(), headers=headers)
        except httpx2.HTTPError as error:
            return type(error).__name__
        return str(answer.status_code)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(post, range(count)))


def strangers_bodies(service: Service, _evaluator: Counting, given: argparse.Namespace) -> str:
    said = _large(service, given.bodies, lambda _: b'{"secret": "wrong", "brief": "', b'"}')
    return f"{given.bodies} bodies of 16 MB, wrong secret: {_counted(Counter(said))}"


def honest_bodies(service: Service, evaluator: Counting, given: argparse.Namespace) -> str:
    """Tasks with an attachment of 12 MB, which are to be held as well."""

    def begins(number: int) -> bytes:
        one = task(f"large-{number}", 1, f"large-{number}", evaluator.url("/notify")) | {"secret": SECRET}
        del one["attachments"]  # they come last
        one["attachments"] = [{"name": "zeros.txt", "url": "data:text/plain;base64,"}]
        return json.dumps(one).encode().removesuffix(b'"}]}')

    said = _large(service, given.bodies, begins, b'"}]}')
    for number, status in enumerate(said):
        if status == "200":
            evaluator.note(f"large-{number}")
    return f"{given.bodies} tasks of 16 MB: {_counted(Counter(said))}"


def wrong_secrets(service: Service, _evaluator: Counting, given: argparse.Namespace) -> str:
    said: Counter[str] = Counter()
    client = httpx2.Client(timeout=TRY, trust_env=False)

    def guess(number: int) -> None:
        body = {"secret": f"guess-{number}"}
        said[str(client.post(f"{service.public}/handle_task", json=body).status_code)] += 1

    with client, ThreadPoolExecutor(32) as pool:
        for number in range(1000 * given.seconds // 60):
            pool.submit(guess, number)
            time.sleep(0.06)
    return f"1,000 a minute: {_counted(said)}"


def full_disk(service: Service, _evaluator: Counting, given: argparse.Namespace) -> str:
    filling = service.data / "filling"
    time.sleep(3)
    with filling.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(100_000))
    time.sleep(given.seconds)
    filling.unlink()
    return f"a tmpfs of 300 MB, full for {given.seconds} s"


def locked_database(service: Service, _evaluator: Counting, given: argparse.Namespace) -> str:
    time.sleep(3)
    seconds = given.seconds + 10  # longer than the service waits
    with closing(sqlite3.connect(service.data / "db.sqlite3", timeout=60, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")
    return f"another process had SQLite's lock for {seconds} s"


def clock_jump(by: int) -> Callable[[Service, Counting, argparse.Namespace], str]:
    """Return the fault that the clock jumps `by` seconds: all moments in rows move the other way, in one transaction,
    which is what a service sees whose clock was set."""

    def moved(text: str) -> str:
        return str(datetime.fromisoformat(text) - timedelta(seconds=by))  # as Django writes it, to the last digit

    def jump(service: Service, _evaluator: Counting, given: argparse.Namespace) -> str:
        time.sleep(given.seconds / 2)
        with closing(sqlite3.connect(service.data / "db.sqlite3", timeout=60, isolation_level=None)) as connection:
            connection.create_function("moved", 1, moved)
            connection.execute("BEGIN IMMEDIATE")
            for table, column in _moments(connection):
                change = f'UPDATE "{table}" SET "{column}" = moved("{column}") WHERE "{column}" IS NOT NULL'  # noqa: S608
                connection.execute(change)
            connection.execute("COMMIT")
        time.sleep(given.seconds / 2)
        return f"{by:+} s, with rounds under way"

    return jump


def _moments(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [
        (table, column)
        for table in tables
        if table.startswith(("tasks_app_", "django_q_"))
        for _, column, kind, *_ in connection.execute(f'PRAGMA table_info("{table}")')
        if kind == "datetime"
    ]


def _counted(said: Counter[str]) -> str:
    return ", ".join(f"{count} x {status}" for status, count in sorted(said.items()))


# --- Services ---------------------------------------------------------------------------------------------------------


@contextmanager
def served(place: Path, **environment: str) -> Iterator[Service]:
    with Service(place, workers=4, **environment) as service:
        yield service.start().until_whole(STARTS)


@contextmanager
def on_a_small_disk(place: Path) -> Iterator[Service]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a tmpfs")
    (place / "data").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "none", place / "data"], check=True)
    try:
        with served(place) as service:
            yield service
    finally:
        subprocess.run(["umount", "--lazy", place / "data"], check=True)


def database_away(given: argparse.Namespace) -> int:
    """Print the line of a PostgreSQL that is stopped and started again."""
    initdb, postgres = (program(name, package="PostgreSQL (postgresql)") for name in ("initdb", "postgres"))
    with folder() as place, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as own, ExitStack() as stack:
        data, port = str(place / "data"), free_port()
        run([initdb, "--pgdata", data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"])
        url = f"postgres://postgres@127.0.0.1:{port}/postgres"
        command = [postgres, "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", str(place)]

        def answers() -> bool:
            with suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2):
                return True
            return False

        server = ExitStack()
        stack.callback(server.close)
        server.enter_context(running(command, place / "log", answers))

        def restart(_service: Service, _evaluator: Counting, _given: argparse.Namespace) -> str:
            time.sleep(3)
            server.close()
            time.sleep(given.seconds)
            server.enter_context(running(command, place / "log", answers))
            return f"PostgreSQL was stopped for {given.seconds} s"

        return measured("database gone and back", restart, served(Path(own), DATABASE_URL=url), given)


# --- The table --------------------------------------------------------------------------------------------------------


def measured(
    name: str,
    fault: Callable[[Service, Counting, argparse.Namespace], str],
    service: Any,
    given: argparse.Namespace,
) -> int:
    """Print a line of the table; return how many rounds were lost, not taken or called back twice."""
    with service as running_service, Counting() as evaluator:
        with Memory(running_service.process.pid) as memory:
            with Honest(running_service, evaluator) as honest:
                said = fault(running_service, evaluator, given)
                time.sleep(2)
            wait_for(lambda: not evaluator.missing(), WAIT)
        lost, twice, seconds = len(evaluator.missing()), evaluator.twice(), honest.seconds
        others = _counted(Counter({status: n for status, n in honest.firsts.items() if status != "200"}))
        print(
            f"| {name} | {honest.firsts.total()} | {honest.firsts['200']} | {len(seconds)} | {median(seconds):.2f} | "
            f"{max(seconds, default=0):.1f} | {memory.most:.0f} | {lost} | {honest.given_up} | {twice} | "
            f"{said}{'; first answers: ' + others if others else ''} |",
            flush=True,
        )
    return lost + honest.given_up + twice


FAULTS: dict[str, tuple[Callable[[Service, Counting, argparse.Namespace], str], Any]] = {
    "none": (nothing, served),
    "slow connections": (slow_connections, served),
    "large bodies of strangers": (strangers_bodies, served),
    "large honest bodies": (honest_bodies, served),
    "wrong secrets": (wrong_secrets, lambda place: served(place, THROTTLE_PER_MINUTE="120")),
    "full disk": (full_disk, on_a_small_disk),
    "locked database": (locked_database, served),
    "clock an hour ahead": (clock_jump(AN_HOUR), served),
    "clock an hour back": (clock_jump(-AN_HOUR), served),
}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--seconds", type=int, default=30, help="how long a fault lasts (30)")
    parser.add_argument("--bodies", type=int, default=50, help="how many large bodies come at once (50)")
    parser.add_argument("--only", nargs="+", metavar="FAULT", help=f"of {', '.join(FAULTS)}, database gone and back")
    parser.add_argument("--quick", action="store_true", help="4 seconds, 2 bodies, no fault but wrong secrets")
    given = parser.parse_args()
    if given.quick:
        given.seconds, given.bodies, given.only = 4, 2, ["none", "wrong secrets"]
    return given


def main() -> None:
    """Run it."""
    given = arguments()
    opening(FORMULA)
    print("| fault | honest tasks | at once | taken | median s | worst s | MB | lost | not taken | twice | |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |", flush=True)
    lost = 0
    for name, (fault, service) in FAULTS.items():
        if not given.only or name in given.only:
            with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as place:
                lost += _or_left_out(name, lambda: measured(name, fault, service(Path(place)), given))  # noqa: B023
    if not given.only or "database gone and back" in given.only:
        lost += _or_left_out("database gone and back", lambda: database_away(given))
    print(load())
    target("rounds lost, not taken or called back twice", lost, at_most=0)


def _or_left_out(name: str, measure: Callable[[], int]) -> int:
    """Measure, or say what the machine lacks for it."""
    try:
        return measure()
    except pytest.skip.Exception as lack:
        print(f"| {name} | left out: {lack} |", flush=True)
        return 0


if __name__ == "__main__":
    main()
