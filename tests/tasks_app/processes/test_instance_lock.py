"""Living and dead instances, with real processes that are killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tasks_app.processes.instance_lock import present

ROOT = Path(__file__).resolve().parents[3]

LIVE = """
import signal, sys
from pathlib import Path
from tasks_app.processes.instance_lock import present
with present(Path(sys.argv[1]), sys.argv[2]):
    print("here", flush=True)
    signal.pause()
"""


def living(folder: Path, name: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", LIVE, str(folder), name], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"here\n"
    return process


@pytest.mark.processes
def test_a_killed_instance_is_reported_once_and_a_living_one_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "supervisors"
    with living(folder, "killed") as killed, living(folder, "lives") as lives:
        killed.kill()
        killed.wait()
        with present(folder, "first") as gone:
            assert gone == ["killed"]
        with present(folder, "second") as gone:
            assert gone == []
        lives.kill()


def test_who_says_farewell_is_not_missed(tmp_path: Path) -> None:
    with present(tmp_path, "first"):
        pass
    with present(tmp_path, "second") as gone:
        assert gone == []
        assert [file.name for file in tmp_path.iterdir()] == ["second"]


def test_an_error_is_a_farewell_too(tmp_path: Path) -> None:
    with pytest.raises(LookupError), present(tmp_path, "first"):
        raise LookupError
    assert list(tmp_path.iterdir()) == []
