"""What other users and the check browser can read of the service's processes and files."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tasks_app.privacy import close_to_others

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

#: Where the kernel lets no process attach to one that is not below it, a child cannot read its parent's memory.
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
#: Bits of an exit code: what a child could read of its parent.
ENVIRON, MEMORY = 1, 2
#: A process of an ordinary user and its child, which tries to read the parent's secrets, as a browser could.
PEERS = """
import ctypes, os, sys
from tasks_app import privacy
if os.geteuid() == 0:
    os.setuid(65534)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # a change of the user hid this process, which an exec would undo
if sys.argv[1] == "shielded":
    privacy.shield()
os.set_inheritable(0, True)
me = os.getpid()
if child := os.fork():
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
read = 0
try:
    read |= 1 if b"A_SECRET=hunter2" in open(f"/proc/{me}/environ", "rb").read() else 64
except PermissionError:
    pass
try:
    open(f"/proc/{me}/mem", "rb").close()
    read |= 2
except PermissionError:
    pass
os._exit(128 + read)
"""


@pytest.mark.processes
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux has /proc")
@pytest.mark.parametrize("how", ["open", "shielded"])
def test_a_process_of_the_same_user_reads_no_environment_and_no_memory(how: str) -> None:
    environment = {"PATH": os.environ["PATH"], "A_SECRET": "hunter2"}
    found = subprocess.run([sys.executable, "-c", PEERS, how], cwd=ROOT, env=environment, timeout=60, check=False)
    may_attach = not YAMA.exists() or YAMA.read_text().strip() == "0"
    readable = ENVIRON | (MEMORY if may_attach else 0)
    assert found.returncode == 128 + (readable if how == "open" else 0)


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """Let others read new files, whatever a test before has imported."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_the_service_made_is_closed_and_said_and_a_second_look_says_nothing(tmp_path: Path) -> None:
    for name in ("db.sqlite3", "db.sqlite3-wal", "django_secret_key", "credential-forge.json"):
        (tmp_path / name).touch(mode=0o644)
    (tmp_path / "forge").mkdir(mode=0o755)
    other = tmp_path.parent / f"{tmp_path.name}.sqlite3"
    other.touch(mode=0o664)
    tmp_path.chmod(0o755)
    said = close_to_others(tmp_path, [other, tmp_path / "absent"])
    assert len(said) == 7
    assert {mode(path) for path in tmp_path.iterdir() if path.is_file()} | {mode(other)} == {0o600}
    assert (mode(tmp_path), mode(tmp_path / "forge")) == (0o700, 0o700)
    assert close_to_others(tmp_path, [other]) == []


def test_a_folder_that_holds_more_is_left_alone_and_named(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").touch(mode=0o644)
    (tmp_path / "somebody-elses").touch(mode=0o644)
    tmp_path.chmod(0o755)
    said = close_to_others(tmp_path, [tmp_path / "folder"])
    assert (mode(tmp_path), mode(tmp_path / "db.sqlite3"), mode(tmp_path / "somebody-elses")) == (0o755, 0o600, 0o644)
    assert f"chmod 700 {tmp_path}" in said[-1]


def test_a_folder_in_the_place_of_a_database_is_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o755)
    close_to_others(tmp_path, [folder])
    assert mode(folder) == 0o755
