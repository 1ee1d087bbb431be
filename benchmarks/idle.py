"""What an idle service costs: CPU, memory and rows over some seconds.

`python benchmarks/idle.py [SECONDS] [WORKERS]`, Linux only.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.measurement import cpu_seconds, memory
from benchmarks.service import running

if TYPE_CHECKING:
    from tests.service import Service

QUARTERS = 4


def rows(database: Path) -> dict[str, int]:
    """Return the number of rows of every table."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = {name: connection.execute(f'SELECT count(*) FROM "{name}"') for name in names}  # noqa: S608
        return {name: count.fetchone()[0] for name, count in counts.items()}


def files(folder: Path) -> int:
    """Return the bytes of everything below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measure(service: Service, seconds: float) -> None:
    """Let it idle and print what was measured."""
    database = service.data / "db.sqlite3"
    before, roles = service.everyone(), service.roles()
    single = {role: cpu_seconds(set(pids)) for role, pids in roles.items()}
    cpu, size, count, disk, began = (
        cpu_seconds(before),
        memory(before),
        rows(database),
        files(service.data),
        time.monotonic(),
    )
    sizes = [size]
    for _ in range(QUARTERS):
        time.sleep(seconds / QUARTERS)
        sizes.append(memory(service.everyone()))
    after = service.everyone()
    took = time.monotonic() - began
    print(f"processes   {len(before)} at the start, {len(after)} at the end, the same: {before == after}")
    print(f"CPU         {100 * (cpu_seconds(after) - cpu) / took:.2f} % of a core over {took:.0f} s")
    for role, pids in roles.items():
        print(f"              {100 * (cpu_seconds(set(pids)) - single[role]) / took:.2f} % {role} ({len(pids)})")
    print(f"memory      {', '.join(f'{one:.1f}' for one in sizes)} MB PSS from the start to the end")
    print(f"files       {disk} bytes at the start, {files(service.data)} at the end")
    grown = {name: (count.get(name, 0), now) for name, now in rows(database).items() if now != count.get(name, 0)}
    print(f"rows        {sum(count.values())} in {len(count)} tables at the start; changed: {grown or 'none'}")


def main() -> None:
    """Run it."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    with running(workers=workers) as service:
        time.sleep(5)  # what a start does is over
        measure(service, seconds)


if __name__ == "__main__":
    main()
