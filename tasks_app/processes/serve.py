"""What `serve` and `worker` keep running, and what they do before and after: the one-machine composition of processes."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, connections

from tasks_app.health import credentials
from tasks_app.operations.events import event_record
from tasks_app.processes import entry_points, startup
from tasks_app.processes.child_process import fork
from tasks_app.processes.instance_lock import present
from tasks_app.processes.supervisor import Program, Supervisor
from tasks_app.rounds.leases import lease_pids, leases_free

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

PORT_TAKEN = 2  # exit code

CLUSTER = "cluster"


class AddressError(Exception):
    """The address to listen on is malformed, taken, or not this machine's."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: a host (name, IPv4 or IPv6 without brackets) and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read HOST:PORT, [HOST]:PORT or :PORT (every interface). Raises AddressError."""
        host, colon, port = text.rpartition(":")
        if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise AddressError(f"{text!r} is not HOST:PORT with a port from 1 to 65535")
        return cls(host.removeprefix("[").removesuffix("]") or "0.0.0.0", int(port))  # noqa: S104 -- what ":PORT" means

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def must_be_free(self) -> None:
        """Listen for an instant. Raises AddressError where that is not possible."""
        try:
            family, _, _, _, sockaddr = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(sockaddr)
                probe.listen()
        except OSError as error:
            raise AddressError(f"cannot listen on {self}: {error.strerror or error}") from error


def serve(bind: Address | None, workers: int | None) -> int:
    """Run web, workers and dispatcher until SIGTERM or SIGINT; return the exit code. Raises AddressError before anything is started."""
    address = bind or Address("0.0.0.0", settings.PORT)  # noqa: S104 -- a container is reached from outside
    _agree(port=address.port, workers=workers)
    address.must_be_free()
    if code := _apart("serve: preparing", lambda: startup.prepare(migrate=True)):
        return code
    sys.stdout.write(announcement())
    sys.stdout.flush()
    return _run("serve", address)


def work(workers: int | None) -> int:
    """Run workers and dispatcher until SIGTERM or SIGINT; return the exit code. Migrating is left to `serve` or to a person."""
    _agree(port=settings.PORT, workers=workers)
    return _apart("worker: preparing", lambda: startup.prepare(migrate=False)) or _run("worker")


def announcement() -> str:
    """Return what an operator wants to know at start: the addresses, what is simulated, what is missing."""
    simulated = [
        what
        for there, what in (
            (settings.LLM_PROVIDER == "simulated", "the model (LLM_PROVIDER=simulated)"),
            (settings.FORGE == "local", "GitHub and its Pages (FORGE=local: repositories and pages on this machine)"),
        )
        if there
    ]
    lines = [
        f"public     {settings.PUBLIC_URL}",
        f"pages      {settings.PAGES_ORIGIN}",
        f"admin      {settings.PUBLIC_URL}/admin/",
        *(f"simulated  {what}" for what in simulated),
    ]
    return "\n".join(
        [
            *lines,
            "NOT READY, tasks are answered 503: what is missing is named above"
            if settings.MISSING
            else "ready for tasks",
            "",
        ]
    )


def _agree(*, port: int, workers: int | None) -> None:
    """Begin anew, in this very process, where the command line says otherwise than the settings that are loaded by now.

    PUBLIC_URL and PAGES_ORIGIN follow from the port: that every process agrees is worth the half second.
    """
    wanted = {"PORT": (port, settings.PORT), "WORKERS": (workers or settings.WORKERS, settings.WORKERS)}
    changed = {name: str(asked) for name, (asked, loaded) in wanted.items() if asked != loaded}
    if all(os.environ.get(name) == value for name, value in changed.items()):
        return
    os.environ.update(changed)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 -- no shell is the point


def _apart(title: str, do: Callable[[], object]) -> int:
    """Do something in a process of its own and return its exit code: here it would leave a connection, or what only it needs in memory.

    SIGTERM ends that process and exits with 0, as it does while we serve.
    """
    old = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    child = fork(title, do)
    try:
        return abs(child.wait())
    finally:
        child.send_signal(signal.SIGKILL)
        signal.signal(signal.SIGTERM, old)


def _run(label: str, web: Address | None = None) -> int:
    me = uuid.uuid4().hex
    credentials.forget()
    entry_points.load(web=web is not None)
    supervisor = Supervisor(
        (
            *((Program("web", entry_points.web),) if web else ()),
            Program(CLUSTER, entry_points.cluster),
            Program("dispatcher", lambda: entry_points.dispatch(me, lambda: supervisor.group_of(CLUSTER))),
        ),
        {**os.environ, "DATA_DIR": str(settings.DATA_DIR), "SUPERVISOR_ID": me, **({"BIND": str(web)} if web else {})},
        label=label,
        on_death=lambda name, how: _clear_up(me, label, name, how),
    )
    with present(settings.DATA_DIR / "supervisors", me) as gone:
        if gone:
            _apart(f"{label}: clearing up", lambda: _clear_up_all(gone, label))
        code = supervisor.run()
        _apart(f"{label}: clearing up", lambda: _free_leases(me, crashed=False))
    return code


def _clear_up_all(gone: list[str], label: str) -> None:
    for other in gone:
        _clear_up(other, label, CLUSTER, "died with its supervisor, which was killed")


def _clear_up(me: str, label: str, name: str, how: str) -> None:
    """Write a death down; the rounds that a cluster held when it died are free at once."""
    if name == CLUSTER:
        _free_leases(me, crashed=True)
    try:
        event_record(what=f"{name} restarted", text=f"{label}: {name} {how}")
    except DatabaseError:
        logger.exception("the death of %s is not written down", name)
    finally:
        connections.close_all()


def _free_leases(me: str, *, crashed: bool) -> None:
    """Let others have the rounds of processes that are gone; a lease that cannot be freed runs out by itself."""
    try:
        freed = leases_free(supervisor=me, pids=lease_pids(supervisor=me) if crashed else None)
    except DatabaseError:
        logger.exception("leases not freed")
    else:
        if freed:
            logger.info("rounds freed for others: %d", freed)
    finally:
        connections.close_all()
