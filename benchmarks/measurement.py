"""What all benchmarks measure by: the machine, percentiles, CPU and memory of processes, and whether a target is met.

Linux: reads /proc.
"""

from __future__ import annotations

import math
import os
import platform
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_TICKS = os.sysconf("SC_CLK_TCK")


def machine() -> str:
    """Return the machine in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"


def load() -> str:
    """Return how busy the machine is, this benchmark included, and when that was."""
    return f"load average {' '.join(f'{one:.1f}' for one in os.getloadavg())} at {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def opening(formula: str) -> None:
    """Print what the figures below are of."""
    print(f"machine: {machine()}; {load()}", f"formula: {formula}", sep="\n", flush=True)


def target(name: str, value: float, *, at_most: float | None = None, at_least: float | None = None) -> None:
    """Print a figure beside its target and whether it is met."""
    met = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
    wanted = f"at most {at_most:g}" if at_most is not None else f"at least {at_least:g}"
    print(f"target: {name}: {value:.3g}, {wanted}: {'met' if met else 'MISSED'}", flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of `values` that is not below `share` (0 to 1) of them: nearest rank.

    NaN where there are none.
    """
    ranked = sorted(values)
    return ranked[max(math.ceil(share * len(ranked)), 1) - 1] if ranked else math.nan


def median(values: Sequence[float]) -> float:
    """Return the 50th percentile."""
    return percentile(values, 0.5)


def cpu_seconds(pids: Collection[int]) -> float:
    """Return user and system time of living processes and of their children that were waited for."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / _TICKS


def memory(pids: Collection[int]) -> float:
    """Return the sum of PSS in MB: shared pages count once. https://docs.kernel.org/filesystems/proc.html"""
    total = 0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024
