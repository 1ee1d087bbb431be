"""Each benchmark runs: with its quick option it prints the machine, its formula and whether its targets are met, and exits with 0."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measurement import machine, median, percentile, target

ROOT = Path(__file__).resolve().parents[2]
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc")


@LINUX
@pytest.mark.slow
@pytest.mark.parametrize("name", ["overhead", "intake", "burst", "history", "memory", "scaleout", "crowd"])
def test_a_quick_run_says_what_it_is_of_and_ends_well(name: str) -> None:
    if name == "scaleout":
        from tests.parts.program import program

        program("postgres", package="PostgreSQL (postgresql)")
    ran = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick"],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert f"machine: {machine()}; load average " in ran.stdout
    assert re.search("^formula: .", ran.stdout, re.MULTILINE)
    if name != "scaleout":
        assert re.search(r"^target: .*: (met|MISSED)$", ran.stdout, re.MULTILINE)
    if name == "intake":
        assert "target: lost: answered 200 and no row: 0, at most 0: met" in ran.stdout
        assert "target: errors of the service: 0, at most 0: met" in ran.stdout


@LINUX
@pytest.mark.slow
def test_a_quick_run_with_kills_tells_everybody() -> None:
    command = [sys.executable, "-m", "benchmarks.punctuality", "--quick"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "told of 4: 4" in ran.stdout, ran.stdout


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, share) for share in (0, 0.5, 0.95, 0.99, 1)] == [1, 50, 95, 99, 100]
    assert median([3.0, 1.0, 2.0]) == 2
    assert math.isnan(percentile([], 0.5))


def test_a_target_is_met_at_its_bound_and_missed_beyond(capsys: pytest.CaptureFixture[str]) -> None:
    target("a", 1.15, at_most=1.15)
    target("b", 1.16, at_most=1.15)
    target("c", 0.95, at_least=0.95)
    target("d", 0.94, at_least=0.95)
    said = capsys.readouterr().out.splitlines()
    assert [line.rpartition(": ")[2] for line in said] == ["met", "MISSED", "met", "MISSED"]
