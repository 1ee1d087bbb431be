"""The short benchmarks run: with the quick option they print the machine, their formula and whether their targets are
met, and exit with 0."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.measurement import machine, median, percentile, target

ROOT = Path(__file__).resolve().parents[2]
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc")


@LINUX
@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.parametrize("name", ["overhead", "intake", "history", "edits"])
def test_a_quick_run_says_what_it_is_of_and_ends_well(name: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert f"machine: {machine()}; load average " in ran.stdout
    assert re.search("^formula: .", ran.stdout, re.MULTILINE)
    assert re.search(r"^target: .*: (met|MISSED)$", ran.stdout, re.MULTILINE)
    if name == "intake":
        assert "target: lost: answered 200 and no row: 0, at most 0: met" in ran.stdout
        assert "target: errors of the service: 0, at most 0: met" in ran.stdout


@pytest.mark.parametrize("name", ["burst", "crowd", "faults", "memory", "punctuality", "round_time", "scaleout"])
def test_the_long_ones_start(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        import_module(f"benchmarks.{name}").main()
    assert ended.value.code == 0
    assert "--quick" in capsys.readouterr().out


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
