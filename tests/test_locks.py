"""The lock files against pyproject.toml and what is installed, without a network: `make lock` was run after the last
change."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
UV_LOCK = ROOT / "uv.lock"
RUN, DEV = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WANTED = {
    RUN: PROJECT["project"]["dependencies"],
    DEV: [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]],
}


def pins(lock: Path) -> dict[str, tuple[Requirement, int]]:
    """Return each pin of a lock by canonical name, with how many hashes it has."""
    logical = lock.read_text().replace("\\\n", " ").splitlines()
    found = {}
    for line in logical:
        if line.strip() and not line.lstrip().startswith("#"):
            requirement = Requirement(line.partition(" --hash")[0].strip())
            found[canonicalize_name(requirement.name)] = (requirement, line.count("--hash=sha256:"))
    return found


def needed(wanted: list[str]) -> dict[str, list[Requirement]]:
    """Return every requirement that `wanted` leads to on this machine, by canonical name, from the installed packages'
    metadata."""
    found: dict[str, list[Requirement]] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), frozenset({""})) for text in wanted]
    while waiting:
        requirement, extras = waiting.pop()
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        name = canonicalize_name(requirement.name)
        found.setdefault(name, []).append(requirement)
        key = (name, ",".join(sorted(requirement.extras)))
        if key not in seen:
            seen.add(key)
            below = frozenset({"", *requirement.extras})
            waiting += [(Requirement(text), below) for text in requires(name) or []]
    return found


@pytest.mark.parametrize("lock", [RUN, DEV], ids=lambda lock: lock.name)
def test_everything_needed_is_pinned_and_the_pin_satisfies_it(lock: Path) -> None:
    locked = pins(lock)
    for name, requirements in needed(WANTED[lock]).items():
        assert name in locked, f"{name} is needed and not in {lock.name}: make lock"
        (specifier,) = locked[name][0].specifier
        assert specifier.operator == "=="
        for requirement in requirements:
            assert requirement.specifier.contains(specifier.version, prereleases=True), (
                f"{locked[name][0]} does not satisfy {requirement}"
            )


@pytest.mark.parametrize("lock", [RUN, DEV], ids=lambda lock: lock.name)
def test_a_pin_names_the_extras_that_are_asked_for(lock: Path) -> None:
    # `pip install --require-hashes -r` (what hosts run) takes the newest release for `name[extra]`, which has no hash,
    # where only `name` is pinned.
    wanted = {
        name: set().union(*(one.extras for one in requirements)) for name, requirements in needed(WANTED[lock]).items()
    }
    assert {name: pin.extras for name, (pin, _) in pins(lock).items() if pin.extras} == {
        name: extras for name, extras in wanted.items() if extras
    }


@pytest.mark.parametrize("lock", [RUN, DEV], ids=lambda lock: lock.name)
def test_nothing_is_pinned_that_nothing_needs(lock: Path) -> None:
    here = {
        name for name, (requirement, _) in pins(lock).items() if not requirement.marker or requirement.marker.evaluate()
    }
    assert here == set(needed(WANTED[lock]))


@pytest.mark.parametrize("lock", [RUN, DEV], ids=lambda lock: lock.name)
def test_every_pin_has_a_hash_and_no_index_is_named(lock: Path) -> None:
    assert all(hashes for _, hashes in pins(lock).values())
    assert not re.search(r"https?:|--(extra-)?index-url|--find-links|file:", lock.read_text())


def test_both_locks_agree() -> None:
    development = pins(DEV)
    assert {name: str(pin) for name, (pin, _) in pins(RUN).items()} == {
        name: str(development[name][0]) for name in pins(RUN)
    }


def test_what_is_installed_is_what_is_locked() -> None:
    wrong = {}
    for name, (pin, _) in pins(DEV).items():
        if pin.marker and not pin.marker.evaluate():
            continue
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "nothing"
        if not pin.specifier.contains(installed if installed != "nothing" else "0", prereleases=True):
            wrong[name] = f"{installed}, locked is {pin.specifier}"
    assert not wrong


def test_uv_installs_the_same_versions() -> None:
    packages = tomllib.loads(UV_LOCK.read_text())["package"]
    ours = [one for one in packages if one["source"] == {"virtual": "."}]
    assert [one["name"] for one in ours] == [PROJECT["project"]["name"]]
    assert {one["name"]: f"=={one['version']}" for one in packages if one not in ours} == {
        name: str(pin.specifier) for name, (pin, _) in pins(DEV).items()
    }


def test_the_lock_of_uv_names_the_public_index_alone_and_a_hash_of_each_file() -> None:
    packages = [one for one in tomllib.loads(UV_LOCK.read_text())["package"] if "registry" in one["source"]]
    files = [file for one in packages for file in [*one.get("wheels", []), *filter(None, [one.get("sdist")])]]
    assert {one["source"]["registry"] for one in packages} == {"https://pypi.org/simple"}
    assert all(file["url"].startswith("https://files.pythonhosted.org/packages/") for file in files)
    assert all(file["hash"].startswith("sha256:") for file in files)


@pytest.mark.processes
def test_the_lock_of_uv_is_up_to_date_so_that_uv_run_changes_nothing(tmp_path: Path) -> None:
    options = ["--check", "--offline", "--cache-dir", str(tmp_path), "--python", sys.executable]
    checked = subprocess.run(
        [Path(sys.executable).with_name("uv"), "lock", *options], cwd=ROOT, capture_output=True, text=True
    )
    assert checked.returncode == 0, f"make lock: {checked.stderr}"
