"""A PostgreSQL of the tests' own: its data in a folder of its own, on loopback alone, a fresh database for whoever
asks."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import psycopg

from tests.parts.program import folder, program, run, running
from tests.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = "PostgreSQL (postgresql)"


@dataclass(frozen=True)
class PostgreSQL:
    """A server under way on `port`."""

    port: int
    _numbers: count[int]

    def database(self) -> str:
        """Make an empty database and return its address."""
        name = f"engine_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"


@contextmanager
def postgresql(*, durable: bool = True) -> Iterator[PostgreSQL]:
    """Run a server until the block ends.

    `durable`: it syncs to the disk as one in production does, and what was committed is there after its death.
    """
    initdb, server = program("initdb", package=_PACKAGE), program("postgres", package=_PACKAGE)
    with folder() as place:
        data = str(place / "data")
        run([initdb, "--pgdata", data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"])
        found = PostgreSQL(free_port(), count(1))
        listen = ["-h", "127.0.0.1", "-p", str(found.port), "-k", str(place)]
        quick = [] if durable else ["-c", "fsync=off"]
        with running([server, "-D", data, *listen, *quick], place / "log", lambda: _answers(found)):
            yield found


def _answers(server: PostgreSQL) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(server.url("postgres"), connect_timeout=2):
        return True
    return False
