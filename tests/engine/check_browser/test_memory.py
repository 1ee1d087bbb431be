"""The memory that a check browser may take: what is free on the machine and in its container."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser import machine_memory, process

if TYPE_CHECKING:
    from pathlib import Path

MB = 1_000_000


def machine(folder: Path, *, available_kb: int, limit: str = "", use: str = "", stat: str = "") -> int | None:
    (folder / "meminfo").write_text(f"MemTotal: 99999999 kB\nMemFree: 1 kB\nMemAvailable:   {available_kb} kB\n")
    if limit:
        (folder / "max").write_text(limit)
        (folder / "current").write_text(use)
        (folder / "stat").write_text(stat)
    group = machine_memory.ControlGroup(folder / "max", folder / "current", folder / "stat", "inactive_file")
    return machine_memory.free_bytes(folder / "meminfo", (group,))


def test_the_smaller_of_machine_and_container_counts(tmp_path: Path) -> None:
    assert machine(tmp_path, available_kb=1_000) == 1_024_000
    assert machine(tmp_path, available_kb=1_000, limit="600000\n", use="200000\n") == 400_000
    assert machine(tmp_path, available_kb=100, limit="600000\n", use="200000\n") == 102_400
    assert machine(tmp_path, available_kb=1_000, limit="max\n", use="200000\n") == 1_024_000
    assert machine(tmp_path, available_kb=1_000, limit="100000\n", use="200000\n") == 0


@pytest.mark.parametrize(
    ("stat", "free"),
    [
        ("anon 50000\ninactive_anon 7\ninactive_file 500000\nactive_file 30000\n", 550_000),
        ("inactive_file 700000\n", 600_000),
        ("total_inactive_file 500000\n", 50_000),
        ("inactive_file\n", 50_000),
        ("inactive_file many\n", 50_000),
        ("", 50_000),
    ],
)
def test_cached_files_that_the_kernel_can_drop_are_not_in_use(tmp_path: Path, stat: str, free: int) -> None:
    assert machine(tmp_path, available_kb=1_000, limit="600000\n", use="550000\n", stat=stat) == free


def test_a_control_group_of_version_1_names_its_cache_with_that_of_its_children(tmp_path: Path) -> None:
    (tmp_path / "limit").write_text("600000\n")
    (tmp_path / "use").write_text("550000\n")
    (tmp_path / "stat").write_text("inactive_file 1\ntotal_inactive_file 500000\n")
    _, version_1 = machine_memory._GROUPS
    group = machine_memory.ControlGroup(tmp_path / "limit", tmp_path / "use", tmp_path / "stat", version_1.cached)
    assert machine_memory.free_bytes(tmp_path / "none", (group,)) == 550_000


def test_a_kernel_that_says_nothing_is_no_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine_memory.free_bytes(tmp_path / "none", ()) is None
    (tmp_path / "odd").write_text("MemAvailable: many kB\n")
    assert machine_memory.available_bytes(tmp_path / "odd") is None
    monkeypatch.setattr(machine_memory, "free_bytes", lambda: None)
    assert process.memory_bound() == process.MOST_MEMORY


@pytest.mark.parametrize(
    ("free", "bound"), [(64_000 * MB, 1_500), (1_500 * MB, 1_200), (1_000 * MB, 800), (400 * MB, 700), (0, 700)]
)
def test_the_bound_leaves_a_fifth_and_always_admits_a_plain_page(
    monkeypatch: pytest.MonkeyPatch, free: int, bound: int
) -> None:
    monkeypatch.setattr(machine_memory, "free_bytes", lambda: free)
    assert process.memory_bound() == bound * MB


def test_memory_that_goes_fast_brings_the_next_measurement_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    run = SimpleNamespace(process=SimpleNamespace(poll=lambda: None))
    left = iter([3_000 * MB, 2_990 * MB, 2_950 * MB, 2_880 * MB])
    monkeypatch.setattr(machine_memory, "available_bytes", lambda: next(left))
    monkeypatch.setattr(process, "_SAMPLE_SECONDS", 0.0)
    monkeypatch.setattr(process, "_WATCH", 3_600.0)
    process._pause(run)  # type: ignore[arg-type]
    assert list(left) == []


def test_where_the_kernel_says_nothing_it_is_asked_once_a_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[None] = []
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        raise subprocess.TimeoutExpired("python", seconds)

    run = SimpleNamespace(process=SimpleNamespace(poll=lambda: None, wait=wait))
    monkeypatch.setattr(machine_memory, "available_bytes", lambda: asked.append(None))
    process._pause(run)  # type: ignore[arg-type]
    assert (len(asked), waited) == (1, [process._WATCH])
