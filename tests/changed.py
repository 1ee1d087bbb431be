"""Runs the tests of what was changed since the last commit: `python -m tests.changed`.

`make watch` does so at every change of a file. The tests mirror the source: those of engine/site/links.py are
tests/engine/site/test_links*.py, or all of tests/engine/site where there is no such file.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[1]


def changed() -> list[str]:
    """Return the files that differ from the last commit, new ones too."""
    commands = (["git", "diff", "--name-only", "HEAD"], ["git", "ls-files", "--others", "--exclude-standard"])
    ran = [subprocess.run(one, cwd=ROOT, capture_output=True, text=True, check=True) for one in commands]
    return [name for one in ran for name in one.stdout.splitlines()]


def matching_tests(files: Iterable[str], root: Path) -> list[str]:
    """Return the test files and folders that are about the files."""
    return sorted({str(test.relative_to(root)) for name in files for test in _matching(Path(name), root)})


def _matching(file: Path, root: Path) -> Iterable[Path]:
    if file.suffix != ".py":
        folders = ("tests/tasks_app/admin", "tests/tasks_app/web") if file.parts[0] == "templates" else ()
        return [root / one for one in folders] or [root / "tests/test_documents.py"]
    if file.parts[0] != "tests":
        folder = root / "tests" / file.parent
        return sorted(folder.glob(f"test_{file.stem}*.py")) or [_nearest(folder)]
    if file.name == "conftest.py":
        return [_nearest(root / file.parent)]
    if file.name.startswith("test_"):
        return [root / file] if (root / file).exists() else []
    return _importers(file, root)


def _nearest(folder: Path) -> Path:
    return next(one for one in (folder, *folder.parents) if one.is_dir())


def _importers(file: Path, root: Path) -> Iterator[Path]:
    """Yield the test files that import a module of the tests."""
    package, name = ".".join(file.parent.parts), file.stem
    ways = (f"from {package}.{name} import ", f"from {package} import {name}\n", f"import {package}.{name}\n")
    for test in (root / "tests").rglob("test_*.py"):
        if any(way in test.read_text() for way in ways):
            yield test


def main() -> int:
    """Run them and return pytest's exit code."""
    tests = matching_tests(changed(), ROOT)
    if not tests:
        sys.stdout.write("Nothing was changed since the last commit.\n")
        return 0
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", *tests]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
