"""Runs one endpoint until SIGTERM or SIGINT; prints its URL and secret as JSON once it is ready."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.doubles.foreign.faults import read_faults
from tests.doubles.foreign.running import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.doubles.foreign", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="where its repositories are made")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--secret", default="", help="made up if not given")
    parser.add_argument("--fault", nargs="*", default=[], help="names of faults.py; late=30 for seconds")
    given = parser.parse_args()
    run(given.data, port=given.port, secret=given.secret, faults=read_faults("+".join(given.fault)))


if __name__ == "__main__":
    main()
