"""Forks child processes, restarts those that die or give no sign of life, and ends all of them when it ends itself.

It knows nothing of Django: `serve` says which programs to run. All children share the memory of its process, so that
process loads their modules, has one thread, and opens nothing that two processes must not share (`child_process`).
"""

from __future__ import annotations

import logging
import mmap
import os
import select
import signal
import struct
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tasks_app.processes.child_process import ChildProcess, fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]

#: The numbers of a program in the shared memory: its process group, and its count of signs of life. They are aligned,
#: so that no reader sees a half-written one.
_NUMBER = struct.Struct("q")
_GROUP, _BEATS, _NUMBERS = 0, 1, 2

#: The longest pause between two looks at the children, in seconds.
_LOOK = 5.0


@dataclass(frozen=True, slots=True)
class Program:
    """A program to keep running: its name for the log, and the function of its process (which may end in an exec).

    `beats`: it calls `Supervisor.beat` all the time, and is taken as frozen if it does not.
    """

    name: str
    run: Callable[[], object]
    beats: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """The restart policy, in seconds: `delay` doubles up to `longest`; `deaths` within `quick` each are too many."""

    delay: float = 0.5
    longest: float = 10.0
    quick: float = 10.0
    deaths: int = 5
    grace: float = 20.0
    clearing: float = 60.0  # after this `on_death` is killed
    silent: float = 45.0  # without a sign of life; one write may wait 20 s for SQLite


@dataclass(slots=True)
class _Child:
    program: Program
    process: ChildProcess | None = None
    started: float = 0.0
    due: float = 0.0
    quick_deaths: int = 0
    beats: int = 0
    silent: float = 0.0  # seconds without a sign of life in which this process itself was awake
    frozen: bool = False


@dataclass(slots=True)
class Supervisor:
    """Keeps `programs` running until SIGTERM or SIGINT.

    `on_death` is called with a program's name and how it died, once none of its processes is left. It runs in a child
    of its own, and the program is restarted after that child has ended.

    A program whose process is stopped (SIGSTOP), or that must beat and does not, is killed after `patience.silent`.
    """

    programs: Sequence[Program]
    environment: Mapping[str, str]
    label: str = "serve"
    patience: Patience = field(default_factory=Patience)
    on_death: Callable[[str, str], None] = lambda _name, _how: None
    _children: list[_Child] = field(default_factory=list, init=False)
    _shared: mmap.mmap = field(init=False)
    _pipe: tuple[int, int] = field(default=(-1, -1), init=False)
    _signals: int = field(default=0, init=False)
    _looked: float = field(default_factory=time.monotonic, init=False)

    def __post_init__(self) -> None:
        # Anonymous memory that every later child shares.
        self._shared = mmap.mmap(-1, _NUMBERS * _NUMBER.size * max(len(self.programs), 1))

    def run(self) -> int:
        """Run until a signal stops it; return 0, or 1 if a program cannot be kept alive.

        Call it in the main thread: signal handlers need it, and children are tied to the thread that starts them.
        """
        self._children = [_Child(program) for program in self.programs]
        with self._signal_pipe() as wake:
            failure = None
            while not self._signals and not failure:
                failure = self._check_children(wake)
                if not failure and not self._signals:
                    _wait(wake, self._pause())
            self._stop(wake)
        if failure:
            logger.error("%s: %s", self.label, failure)
        return 1 if failure else 0

    def group_of(self, name: str) -> int | None:
        """Return a program's process group, None while it does not run. Its own processes may ask too."""
        return self._number(self._place(name), _GROUP) or None

    def beat(self, name: str) -> None:
        """Give a sign of life. The program's own process calls this."""
        place = self._place(name)
        self._set_number(place, _BEATS, self._number(place, _BEATS) + 1)

    def _place(self, name: str) -> int:
        return next(place for place, program in enumerate(self.programs) if program.name == name)

    def _number(self, place: int, which: int) -> int:
        value: int = _NUMBER.unpack_from(self._shared, (_NUMBERS * place + which) * _NUMBER.size)[0]
        return value

    def _set_number(self, place: int, which: int, value: int) -> None:
        _NUMBER.pack_into(self._shared, (_NUMBERS * place + which) * _NUMBER.size, value)

    def _share_groups(self) -> None:
        for place, child in enumerate(self._children):
            self._set_number(place, _GROUP, child.process.pid if child.process else 0)

    @contextmanager
    def _signal_pipe(self) -> Iterator[int]:
        # A handler alone does not wake select(), which Python restarts. A byte in a pipe does, without a race.
        reader, writer = self._pipe = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        old_wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        old = {
            number: signal.signal(number, self._count if number != signal.SIGCHLD else _ignore)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
        }
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(old_wakeup)
            for number, handler in old.items():
                signal.signal(number, handler)
            os.close(reader)
            os.close(writer)

    def _count(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _check_children(self, wake: int) -> str | None:
        """Start the programs that are due, handle deaths; return the reason once a program cannot be kept alive."""
        # A long time since the last look means that this process was stopped too, perhaps with its children.
        awake = min(time.monotonic() - self._looked, self._longest_pause)
        self._looked = time.monotonic()
        for child in self._children:
            if child.process is None:
                if time.monotonic() >= child.due:
                    self._start(child)
            elif child.process.poll() is not None:
                reason = self._reap(child, wake)
                if reason:
                    return reason
            else:
                self._end_if_frozen(child, awake)
        _reap_orphans({child.process.pid for child in self._children if child.process})
        return None

    def _end_if_frozen(self, child: _Child, awake: float) -> None:
        """Kill a program without a sign of life for too long. Its death is then handled as any other."""
        assert child.process is not None
        before, child.beats = child.beats, self._number(self._place(child.program.name), _BEATS)
        has_beaten = not child.program.beats or child.beats != before
        child.silent = 0.0 if has_beaten and not is_stopped(child.process.pid) else child.silent + awake
        if child.silent >= self.patience.silent and not child.frozen:
            child.frozen = True
            with suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)

    def _start(self, child: _Child) -> None:
        # The child has its own session: Ctrl-C in the terminal reaches only us, and one call kills its whole group.
        child.process = self._fork(child.program.name, child.program.run)
        child.started, child.silent, child.frozen = time.monotonic(), 0.0, False
        self._share_groups()
        logger.info("%s: %s started (pid %s)", self.label, child.program.name, child.process.pid)

    def _fork(self, what: str, run: Callable[[], object]) -> ChildProcess:
        def begin() -> None:
            for end in self._pipe:
                os.close(end)
            os.chdir(ROOT)
            run()

        return fork(f"{self.label}: {what}", begin, self.environment)

    def _reap(self, child: _Child, wake: int) -> str | None:
        assert child.process is not None
        code, lived = child.process.wait(), time.monotonic() - child.started
        _kill_group(child.process.pid)
        how = f"died after {lived:.1f} s ({_exit_reason(code)})"
        if child.frozen:
            how = f"gave no sign of life for {child.silent:.0f} s and was killed"
        child.quick_deaths = child.quick_deaths + 1 if lived < self.patience.quick else 0
        delay = min(self.patience.delay * 2 ** max(child.quick_deaths - 1, 0), self.patience.longest)
        child.process, child.due = None, time.monotonic() + delay
        self._share_groups()
        self._clear_up_after(child.program.name, how, wake)
        if child.quick_deaths >= self.patience.deaths:
            return (
                f"{child.program.name} {how}: {child.quick_deaths} times running within {self.patience.quick:g} s "
                "of its start; giving up"
            )
        logger.warning("%s: %s %s, restart in %.1f s", self.label, child.program.name, how, delay)
        return None

    def _clear_up_after(self, name: str, how: str, wake: int) -> None:
        """Run `on_death` in a child, which may open what this process must not. Its failure is only logged."""
        clearing = self._fork("clearing up", lambda: self.on_death(name, how))
        deadline = time.monotonic() + self.patience.clearing
        while clearing.poll() is None and not self._signals and time.monotonic() < deadline:
            _wait(wake, max(0.0, deadline - time.monotonic()))
        if clearing.poll() is None:
            clearing.send_signal(signal.SIGKILL)
        if clearing.wait():
            logger.error("%s: clearing up after %s failed (%s)", self.label, name, _exit_reason(clearing.wait()))

    def _pause(self) -> float:
        waits = [child.due - time.monotonic() for child in self._children if child.process is None]
        return max(0.0, min([*waits, self._longest_pause]))

    @property
    def _longest_pause(self) -> float:
        return min(_LOOK, self.patience.silent / 4)

    def _stop(self, wake: int) -> None:
        """Ask the main processes to end, then kill their groups. Workers would drop their steps at a SIGTERM."""
        alive = [child.process for child in self._children if child.process]
        logger.info("%s: stopping", self.label)
        for process in alive:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self.patience.grace
        while any(process.poll() is None for process in alive) and self._signals < 2:
            if time.monotonic() >= deadline:
                logger.warning("%s: not ended within %g s: killed", self.label, self.patience.grace)
                break
            _wait(wake, min(0.5, max(0.0, deadline - time.monotonic())))
        for process in alive:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in alive:
            process.wait()
            _kill_group(process.pid)
        logger.info("%s: stopped", self.label)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the byte in the wake-up pipe does the work."""


def _wait(wake: int, seconds: float) -> None:
    if select.select([wake], [], [], seconds)[0]:
        with suppress(BlockingIOError):
            os.read(wake, 4096)


def _exit_reason(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def is_stopped(pid: int) -> bool:
    """Say whether a signal or a debugger has stopped a process (where there is no /proc: False)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in {"T", "t"}
    except (OSError, IndexError):
        return False


def _kill_group(group: int, seconds: float = 0.5) -> None:
    """Kill the rest of a process group and wait until all have ended, so that its leases can be freed."""
    deadline = time.monotonic() + seconds
    with suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < deadline:
            os.killpg(group, signal.SIGKILL)
            _reap_orphans({group})
            time.sleep(0.01)


def _reap_orphans(ours: set[int]) -> None:
    """Reap orphans that became our children (if this is a container's process 1), but no child that we wait for."""
    if os.getpid() != 1:
        return
    with suppress(ChildProcessError):
        while (orphan := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and orphan.si_pid not in ours:
            os.waitpid(orphan.si_pid, 0)
