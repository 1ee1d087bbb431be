"""The supervisor with real processes: each test runs it in a process of its own, with small programs as children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tasks_app.processes.supervisor import Program, Supervisor, _Child
from tests.processes import alive, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[3]

RUN = """
import json, logging, os, sys
from functools import partial
from pathlib import Path
from tasks_app.processes.supervisor import Patience, Program, Supervisor
logging.basicConfig(level="INFO", format="%(message)s")
here = Path(sys.argv[1])
programs = [
    Program(name, partial(os.execv, sys.executable, [sys.executable, str(here / name)])) for name in sys.argv[3:]
]
patience = Patience(**json.loads(sys.argv[2]))
sys.exit(Supervisor(
    programs, os.environ, patience=patience,
    on_death=lambda name, how: print(f"died {name} {how}", file=sys.stderr),
).run())
"""

# Writes its pid and that of a child of its own, which works on in the same group, then runs until SIGTERM.
STEADY = """
import os, signal, subprocess, sys
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
signal.signal(signal.SIGTERM, lambda *_: (child.kill(), sys.exit(0)))
with Path(__file__).with_suffix(".pids").open("a") as f:
    f.write(f"{os.getpid()} {child.pid}\\n")
while True:
    signal.pause()
"""


class Running:
    """A supervisor process over programs whose sources are given."""

    def __init__(self, folder: Path, patience: str, **programs: str) -> None:
        self.folder = folder
        for name, source in programs.items():
            (folder / name).write_text(textwrap.dedent(source))
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, str(folder), patience, *programs],
                cwd=ROOT,
                stderr=log,
                start_new_session=True,
            )

    def lives(self, name: str) -> list[list[int]]:
        file = self.folder / f"{name}.pids"
        return [[int(pid) for pid in line.split()] for line in file.read_text().splitlines()] if file.exists() else []

    def life(self, name: str, number: int) -> list[int]:
        assert wait_for(lambda: len(self.lives(name)) >= number), self.log.read_text()
        return self.lives(name)[number - 1]

    def ended(self, seconds: float = 10.0) -> int:
        return self.process.wait(seconds)


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(patience: str = '{"delay": 0.05}', **programs: str) -> Running:
        started.append(Running(tmp_path, patience, **programs))
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.wait()


def test_sigterm_ends_every_child_and_exits_zero(supervise: Callable[..., Running]) -> None:
    running = supervise(web=STEADY, cluster=STEADY)
    pids = running.life("web", 1) + running.life("cluster", 1)
    running.process.terminate()
    assert running.ended() == 0
    assert not any(alive(pid) for pid in pids)
    assert "serve: web started (pid" in running.log.read_text()
    assert "serve: stopping" in running.log.read_text()


def test_ctrl_c_is_a_stop_too(supervise: Callable[..., Running]) -> None:
    running = supervise(web=STEADY)
    running.life("web", 1)
    running.process.send_signal(signal.SIGINT)
    assert running.ended() == 0


def test_a_killed_child_is_restarted_and_its_group_is_dead(supervise: Callable[..., Running]) -> None:
    running = supervise(web=STEADY)
    main, worker = running.life("web", 1)
    os.kill(main, signal.SIGKILL)
    second, _ = running.life("web", 2)
    assert not alive(worker)
    assert alive(second)
    assert "died after" in running.log.read_text()
    assert "(SIGKILL), restart in" in running.log.read_text()
    assert "died web" in running.log.read_text()


def test_a_child_that_exits_with_zero_is_restarted_too(supervise: Callable[..., Running]) -> None:
    running = supervise(
        web="""
        from pathlib import Path
        file = Path(__file__).with_suffix(".pids")
        lives = len(file.read_text().splitlines()) if file.exists() else 0
        file.open("a").write("0\\n")
        if lives == 2:
            __import__("signal").pause()
        """
    )
    running.life("web", 3)
    assert running.process.poll() is None
    assert running.log.read_text().count("(exit code 0), restart in") == 2


def test_five_quick_deaths_end_the_whole_with_the_reason(supervise: Callable[..., Running]) -> None:
    running = supervise(web=STEADY, cluster="raise SystemExit(3)")
    assert running.ended() == 1
    assert not any(alive(pid) for pids in running.lives("web") for pid in pids)
    log = running.log.read_text()
    assert log.count("cluster started") == 5
    assert log.rstrip().endswith("5 times running within 10 s of its start; giving up")
    assert [line.rpartition(" in ")[2] for line in log.splitlines() if "restart in" in line] == [
        "0.1 s",
        "0.1 s",
        "0.2 s",
        "0.4 s",
    ]


def test_a_long_life_resets_the_count(supervise: Callable[..., Running]) -> None:
    running = supervise(
        '{"delay": 0.01, "quick": 0.0}',
        web="""
        from pathlib import Path
        Path(__file__).with_suffix(".pids").open("a").write("0\\n")
        """,
    )
    running.life("web", 7)
    assert running.process.poll() is None


def test_a_child_that_ignores_sigterm_is_killed_with_its_group_at_the_end_of_the_grace(
    supervise: Callable[..., Running],
) -> None:
    running = supervise('{"grace": 0.3}', web=STEADY.replace("(child.kill(), sys.exit(0))", "None"))
    pids = running.life("web", 1)
    running.process.terminate()
    assert running.ended() == 0
    assert not any(alive(pid) for pid in pids)
    assert "not ended within 0.3 s: killed" in running.log.read_text()


def test_a_second_signal_hurries(supervise: Callable[..., Running]) -> None:
    running = supervise('{"grace": 60}', web=STEADY.replace("(child.kill(), sys.exit(0))", "None"))
    pids = running.life("web", 1)
    running.process.terminate()
    assert wait_for(lambda: "stopping" in running.log.read_text())
    running.process.terminate()
    assert running.ended() == 0
    assert not any(alive(pid) for pid in pids)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="parent-death signals are Linux's")
def test_kill_9_of_the_supervisor_leaves_no_main_process(supervise: Callable[..., Running]) -> None:
    running = supervise(web=STEADY, cluster=STEADY)
    mains = [running.life("web", 1)[0], running.life("cluster", 1)[0]]
    running.process.kill()
    gone = wait_for(lambda: not any(alive(pid) for pid in mains), 3.0)
    for main in mains:
        with suppress(ProcessLookupError):
            os.killpg(main, signal.SIGKILL)  # the stand-ins' own children, which nothing ties
    assert gone


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="parent-death signals are Linux's")
def test_a_child_whose_parent_is_gone_already_does_not_start_the_command(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    command = [
        sys.executable,
        "-m",
        "tasks_app.processes.parent_death",
        "1",
        sys.executable,
        "-c",
        f"open({str(mark)!r}, 'w')",
    ]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert not mark.exists()


def test_clearing_up_that_fails_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("import sys; sys.exit(3)")
    failing = RUN.replace(
        'on_death=lambda name, how: print(f"died {name} {how}", file=sys.stderr)', "on_death=lambda *_: 1 / 0"
    )
    assert failing != RUN
    command = [sys.executable, "-c", failing, str(tmp_path), '{"delay": 0.01, "deaths": 3}', "short"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("clearing up after short failed (exit code 1)") == 3
    assert "giving up" in ended.stderr


def test_clearing_up_that_hangs_is_ended(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("import sys; sys.exit(3)")
    hanging = RUN.replace('print(f"died {name} {how}", file=sys.stderr)', "__import__('time').sleep(60)")
    command = [sys.executable, "-c", hanging, str(tmp_path), '{"delay": 0.01, "deaths": 2, "clearing": 0.2}', "short"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("clearing up after short failed (SIGKILL)") == 2


def test_a_stop_does_not_wait_for_clearing_up(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("import sys; sys.exit(3)")
    hanging = RUN.replace(
        'print(f"died {name} {how}", file=sys.stderr)', "(print('clearing', flush=True), __import__('time').sleep(60))"
    )
    command = [sys.executable, "-c", hanging, str(tmp_path), "{}", "short"]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert running.stdout
        assert running.stdout.readline() == "clearing\n"
        running.terminate()
        assert running.wait(10) == 0
    finally:
        running.kill()
        running.communicate()


# Each child asks the supervisor's memory, which it has a copy of, for the groups.
GROUPS = """
import os, sys, time
from pathlib import Path
from tasks_app.processes.supervisor import Patience, Program, Supervisor
here = Path(sys.argv[1])

def lives():
    while True:
        time.sleep(1)

def asks():
    while not (here / "stop").exists():
        (here / "new").write_text(f"{supervisor.group_of('lives')}")
        (here / "new").rename(here / "group")
        time.sleep(0.02)

supervisor = Supervisor((Program("lives", lives), Program("asks", asks)), os.environ, patience=Patience(delay=0.3))
supervisor.run()
"""


def test_a_child_knows_the_group_of_another_and_when_it_is_dead_or_new(tmp_path: Path) -> None:
    told = tmp_path / "group"

    def group() -> str:
        return told.read_text() if told.exists() else ""

    command = [sys.executable, "-c", GROUPS, str(tmp_path)]
    running = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        assert wait_for(lambda: group().isdigit(), 10)
        first = int(group())
        os.killpg(first, signal.SIGKILL)
        assert wait_for(lambda: group() == "None", 10)
        assert wait_for(lambda: group().isdigit(), 10)
        assert int(group()) != first
        running.terminate()
        assert running.wait(10) == 0
    finally:
        running.kill()
        running.wait()


# `beats` gives signs of life until a file says otherwise; `plain` never does and need not.
FREEZING = """
import os, sys, time
from pathlib import Path
from tasks_app.processes.supervisor import Patience, Program, Supervisor
here = Path(sys.argv[1])

def note(name):
    with (here / f"{name}.pids").open("a") as f:
        f.write(f"{os.getpid()}\\n")

def beats():
    note("beats")
    while True:
        if not (here / "hang").exists():
            supervisor.beat("beats")
        time.sleep(0.02)

def plain():
    note("plain")
    while True:
        time.sleep(60)

supervisor = Supervisor(
    (Program("beats", beats, beats=True), Program("plain", plain)), os.environ,
    patience=Patience(delay=0.05, quick=0.1, silent=5.0), on_death=lambda name, how: print(f"{name} {how}", flush=True),
)
supervisor.run()
"""


@pytest.fixture
def freezing(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", FREEZING, str(tmp_path)]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    yield running
    running.kill()
    running.communicate()


def pids(folder: Path, name: str) -> list[int]:
    file = folder / f"{name}.pids"
    return [int(pid) for pid in file.read_text().split()] if file.exists() else []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["beats", "plain"])
def test_a_program_that_is_stopped_is_killed_and_restarted(
    freezing: subprocess.Popen[str], tmp_path: Path, name: str
) -> None:
    assert wait_for(lambda: pids(tmp_path, "beats") and pids(tmp_path, "plain"), 60)
    (first,) = pids(tmp_path, name)
    os.kill(first, signal.SIGSTOP)
    assert wait_for(lambda: len(pids(tmp_path, name)) == 2, 60)
    assert not alive(first)
    assert freezing.stdout
    assert freezing.stdout.readline().startswith(f"{name} gave no sign of life for 5 s and was killed")
    other = ({"beats", "plain"} - {name}).pop()
    assert len(pids(tmp_path, other)) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("freezing")
def test_a_program_that_hangs_is_killed_if_it_must_beat(tmp_path: Path) -> None:
    assert wait_for(lambda: pids(tmp_path, "beats") and pids(tmp_path, "plain"), 60)
    (tmp_path / "hang").touch()
    assert wait_for(lambda: len(pids(tmp_path, "beats")) == 2, 60)
    assert len(pids(tmp_path, "plain")) == 1


def test_a_supervisor_that_was_stopped_itself_takes_nobody_as_frozen() -> None:
    supervisor = Supervisor((Program("silent", signal.pause, beats=True),), os.environ)
    with supervisor._signal_pipe() as wake:
        supervisor._children = [_Child(program) for program in supervisor.programs]
        supervisor._check_children(wake)
        ((child,), process) = supervisor._children, supervisor._children[0].process
        assert process
        try:
            supervisor._looked -= 3600
            supervisor._check_children(wake)
            assert (child.frozen, process.poll()) == (False, None)
            child.silent = supervisor.patience.silent
            supervisor._check_children(wake)
            assert child.frozen
            assert process.wait() == -signal.SIGKILL
        finally:
            process.send_signal(signal.SIGKILL)
