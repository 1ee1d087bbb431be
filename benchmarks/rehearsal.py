"""`python -m benchmarks.rehearsal`: a class of 200 endpoints that fail in every way, the evaluator killed ten times."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.test_class_of_endpoints import ROUNDS, judged_once

CLASS, KILLS = 200, 10


def main() -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        results = judged_once(Path(folder), size=CLASS, kills=KILLS)
    print(f"{CLASS} submissions, {ROUNDS} rounds, {KILLS} kills: {results} results, each there once")
    print(f"no request was sent twice without need; {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
