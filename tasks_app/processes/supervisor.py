"""Forks child processes, restarts what dies, and takes everything with it when it ends.

Knows nothing of Django: `serve` says which programs, and what else happens around them. Its process is the one whose
memory they all share: it has read what they need, has one thread, and holds nothing open that two processes must not
use (`child_process`).
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

_GROUP = struct.Struct("q")  # aligned, so that no reader sees half of one


@dataclass(frozen=True, slots=True)
class Program:
    """Something to keep running: a name for the log, and what its process does (which may be an exec)."""

    name: str
    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Patience:
    """How deaths are answered, in seconds: `delay` before a restart doubles up to `longest`; `quick` is a life too short to be one."""

    delay: float = 0.5
    longest: float = 10.0
    quick: float = 10.0
    deaths: int = 5
    grace: float = 20.0
    clearing: float = 60.0  # for `on_death`, which is killed then


@dataclass(slots=True)
class _Child:
    program: Program
    process: ChildProcess | None = None
    started: float = 0.0
    due: float = 0.0
    quick_deaths: int = 0


@dataclass(slots=True)
class Supervisor:
    """Keeps `programs` running until SIGTERM or SIGINT.

    `on_death` is told the name of a program of which nothing is left alive, and how it died; it runs in a process of its own, and the
    program is not started again before it has ended.
    """

    programs: Sequence[Program]
    environment: Mapping[str, str]
    label: str = "serve"
    patience: Patience = field(default_factory=Patience)
    on_death: Callable[[str, str], None] = lambda _name, _how: None
    _children: list[_Child] = field(default_factory=list, init=False)
    _groups: mmap.mmap = field(init=False)
    _pipe: tuple[int, int] = field(default=(-1, -1), init=False)
    _signals: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        # Shared with every process that is forked from here on, and in no file.
        self._groups = mmap.mmap(-1, _GROUP.size * max(len(self.programs), 1))

    def run(self) -> int:
        """Run until told to stop; return the exit code: 0, or 1 when a program cannot be kept alive.

        Call it in the main thread: signal handlers need it, and the children are tied to the thread that starts them.
        """
        self._children = [_Child(program) for program in self.programs]
        with self._woken_by_signals() as wake:
            hopeless = None
            while not self._signals and not hopeless:
                hopeless = self._tend(wake)
                if not hopeless and not self._signals:
                    _wait(wake, self._pause())
            self._stop(wake)
        if hopeless:
            logger.error("%s: %s", self.label, hopeless)
        return 1 if hopeless else 0

    def group_of(self, name: str) -> int | None:
        """Return the process group of a program, None while it does not run. The programs' own processes may ask too."""
        place = next(place for place, program in enumerate(self.programs) if program.name == name)
        return _GROUP.unpack_from(self._groups, place * _GROUP.size)[0] or None

    def _tell_groups(self) -> None:
        for place, child in enumerate(self._children):
            _GROUP.pack_into(self._groups, place * _GROUP.size, child.process.pid if child.process else 0)

    @contextmanager
    def _woken_by_signals(self) -> Iterator[int]:
        # A handler alone would not wake select(): Python restarts it. A byte in a pipe does, without a race.
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

    def _tend(self, wake: int) -> str | None:
        """Start what is due and look after what died; say why, once a program cannot be kept alive."""
        for child in self._children:
            if child.process is None:
                if time.monotonic() >= child.due:
                    self._start(child)
            elif child.process.poll() is not None:
                reason = self._reap(child, wake)
                if reason:
                    return reason
        _reap_orphans({child.process.pid for child in self._children if child.process})
        return None

    def _start(self, child: _Child) -> None:
        # A session of its own: a Ctrl-C in the terminal reaches us only, and its whole group can be killed by one call.
        child.process = self._fork(child.program.name, child.program.run)
        child.started = time.monotonic()
        self._tell_groups()
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
        how = f"died after {lived:.1f} s ({_spoken(code)})"
        child.quick_deaths = child.quick_deaths + 1 if lived < self.patience.quick else 0
        delay = min(self.patience.delay * 2 ** max(child.quick_deaths - 1, 0), self.patience.longest)
        child.process, child.due = None, time.monotonic() + delay
        self._tell_groups()
        self._clear_up_after(child.program.name, how, wake)
        if child.quick_deaths >= self.patience.deaths:
            return f"{child.program.name} {how}: {child.quick_deaths} times running within {self.patience.quick:g} s of its start; giving up"
        logger.warning("%s: %s %s, restart in %.1f s", self.label, child.program.name, how, delay)
        return None

    def _clear_up_after(self, name: str, how: str, wake: int) -> None:
        """Have `on_death` done elsewhere: it may open what this process must not. Whatever goes wrong, keeping the programs alive comes first."""
        clearing = self._fork("clearing up", lambda: self.on_death(name, how))
        deadline = time.monotonic() + self.patience.clearing
        while clearing.poll() is None and not self._signals and time.monotonic() < deadline:
            _wait(wake, max(0.0, deadline - time.monotonic()))
        if clearing.poll() is None:
            clearing.send_signal(signal.SIGKILL)
        if clearing.wait():
            logger.error("%s: clearing up after %s failed (%s)", self.label, name, _spoken(clearing.wait()))

    def _pause(self) -> float:
        waits = [child.due - time.monotonic() for child in self._children if child.process is None]
        return max(0.0, min([*waits, 5.0]))

    def _stop(self, wake: int) -> None:
        """Ask the main processes to end, then end their groups: a worker that gets the signal itself would drop its work midway."""
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
    """Do nothing: the byte in the wake-up pipe is what counts."""


def _wait(wake: int, seconds: float) -> None:
    if select.select([wake], [], [], seconds)[0]:
        with suppress(BlockingIOError):
            os.read(wake, 4096)


def _spoken(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _kill_group(group: int, seconds: float = 0.5) -> None:
    """Kill what is left of a process group and wait until it is gone (or all but reaped), so that its leases can be given to others."""
    deadline = time.monotonic() + seconds
    with suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < deadline:
            os.killpg(group, signal.SIGKILL)
            _reap_orphans({group})
            time.sleep(0.01)


def _reap_orphans(ours: set[int]) -> None:
    """Reap orphans that became our children (where this is a container's process 1), never a child that is waited for."""
    if os.getpid() != 1:
        return
    with suppress(ChildProcessError):
        while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and found.si_pid not in ours:
            os.waitpid(found.si_pid, 0)
