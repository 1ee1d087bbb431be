"""The figures of a run: a row for each round and system, totals, and what they were measured on."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from benchmarks.suite.judge import Score

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.suite.engine_run import Usage

ENGINE, ONE_SHOT = "engine", "one-shot"
_COLUMNS = ("first", "final", "kept", "withheld", "swap", "tokens in", "out", "calls", "s", "$/check", "tokens/check")


@dataclass(frozen=True, slots=True)
class Row:
    """One round by one system.

    `first` and `final`: requested checks that pass at the first try and on what was published. `kept`: of round 1's
    checks that passed after round 1 those that still do. `withheld`: checks that were not told. `swap`: what holds with
    other data in place.
    """

    task: str
    half: str
    round: int
    system: str
    first: Score
    final: Score
    kept: Score
    withheld: Score
    swap: Score
    usage: Usage
    note: str = ""
    failing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A run: its rows, and in sentences what was not run and why."""

    model: str
    server: str
    rows: Sequence[Row]
    not_run: Sequence[str] = field(default_factory=tuple)

    def text(self) -> str:
        """Return the tables."""
        head = [f"{'task':<18}{'round':<6}{'by':<9}", *(f"{name:>13}" for name in _COLUMNS)]
        lines = [f"machine: {machine()}", f"model: {self.model} at {self.server}", "", "".join(head)]
        lines += [line(row) for row in self.rows]
        for name, rows in self._groups():
            lines += ["", name, *(_total(rows, system) for system in (ENGINE, ONE_SHOT) if _of(rows, system))]
        return "\n".join([*lines, "", *(f"not run: {sentence}" for sentence in self.not_run)]).rstrip()

    def plain(self) -> dict[str, object]:
        """Return the same as JSON can keep it."""
        return {
            "machine": machine(),
            "model": self.model,
            "server": self.server,
            "not_run": list(self.not_run),
            "rows": [asdict(row) for row in self.rows],
        }

    def _groups(self) -> list[tuple[str, list[Row]]]:
        rows = list(self.rows)
        groups = [(f"half {half}", [row for row in rows if row.half == half]) for half in ("tune", "held")]
        return [*((name, some) for name, some in groups if some and len(some) < len(rows)), ("in all", rows)]


def machine() -> str:
    """Say what the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    load = os.getloadavg()[1]
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}, load "
        f"{load:.1f}"
    )


def line(row: Row) -> str:
    """Return a row of the table."""
    return _line(row.task, str(row.round), row.system, [row]) + (f"   {row.note}" if row.note else "")


def _total(rows: Iterable[Row], system: str) -> str:
    some = _of(rows, system)
    whole = sum(row.final.passed == row.final.of for row in some)
    return _line(f"{whole} of {len(some)} whole", "", system, some)


def _of(rows: Iterable[Row], system: str) -> list[Row]:
    return [row for row in rows if row.system == system]


def _line(name: str, number: str, system: str, rows: Sequence[Row]) -> str:
    scores = [
        sum((getattr(row, column) for row in rows), Score())
        for column in ("first", "final", "kept", "withheld", "swap")
    ]
    used = [row.usage for row in rows]
    tokens = sum(one.input + one.output for one in used)
    costs = [one.cost for one in used]
    cost = None if None in costs else sum(one for one in costs if one is not None)
    passed = scores[1].passed
    cells = [
        *map(str, scores),
        str(sum(one.input for one in used)),
        str(sum(one.output for one in used)),
        str(sum(one.calls for one in used)),
        f"{sum(one.seconds for one in used):.0f}",
        "unknown" if cost is None else f"{cost / passed:.5f}" if passed else "-",
        f"{tokens / passed:.0f}" if passed else "-",
    ]
    return f"{name:<18}{number:<6}{system:<9}" + "".join(f"{cell:>13}" for cell in cells)
