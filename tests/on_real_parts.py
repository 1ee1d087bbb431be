"""Runs tests on PostgreSQL and Redis of their own: `python -m tests.on_real_parts [pytest's arguments]`; without any,
the service's.

What the machine lacks is said and skipped, and with CI=true a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.parts.postgresql import postgresql
from tests.parts.redis_server import redis_server

#: The tests that meet rows, the queue or the cache. The engine knows of none, and a browser is the same with each.
SERVICE = ("tests/tasks_app", "tests/github", "-m", "not browser and not slow", "-n", "2", "--dist", "worksteal")


def main(arguments: list[str]) -> int:
    """Run them and return the exit code."""
    with postgresql(durable=False) as server, redis_server() as redis:
        parts = {"TEST_DATABASE_URL": server.url("postgres"), "TEST_REDIS_URL": redis}
        command = [sys.executable, "-m", "pytest", *(arguments or SERVICE)]
        return subprocess.run(command, env={**os.environ, **parts}, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except pytest.skip.Exception as missing:
        sys.stdout.write(f"SKIPPED: nothing was run on PostgreSQL and Redis: {missing}\n")
    except pytest.fail.Exception as missing:
        sys.exit(str(missing))
