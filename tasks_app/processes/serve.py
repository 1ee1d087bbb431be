"""`serve` and `worker`: which processes they keep running, and what they do before and after."""

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
DISPATCHER = "dispatcher"


class AddressError(Exception):
    """The address to listen on is malformed, in use, or not this machine's."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host (name, IPv4 or IPv6 without brackets) and a port to listen on."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Parse HOST:PORT, [HOST]:PORT or :PORT (every interface). Raises AddressError."""
        host, colon, port = text.rpartition(":")
        if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise AddressError(f"{text!r} is not HOST:PORT with a port from 1 to 65535")
        return cls(host.removeprefix("[").removesuffix("]") or "0.0.0.0", int(port))  # noqa: S104 -- ":PORT" means this

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def must_be_free(self) -> None:
        """Listen briefly as a test. Raises AddressError if that is not possible."""
        try:
            family, _, _, _, sockaddr = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(sockaddr)
                probe.listen()
        except OSError as error:
            raise AddressError(f"cannot listen on {self}: {error.strerror or error}") from error


def serve(bind: Address | None, workers: int | None) -> int:
    """Run web, workers and dispatcher until SIGTERM or SIGINT; return the exit code. Raises AddressError."""
    address = bind or Address("0.0.0.0", settings.PORT)  # noqa: S104 -- clients of a container are outside of it
    _restart_with_options(port=address.port, workers=workers)
    address.must_be_free()
    if code := _run_in_child("serve: preparing", lambda: startup.prepare(migrate=True)):
        return code
    sys.stdout.write(announcement())
    sys.stdout.flush()
    return _run("serve", address)


def work(workers: int | None) -> int:
    """Run workers and dispatcher until SIGTERM or SIGINT; return the exit code. It does not migrate the database."""
    _restart_with_options(port=settings.PORT, workers=workers)
    return _run_in_child("worker: preparing", lambda: startup.prepare(migrate=False)) or _run("worker")


def announcement() -> str:
    """Return the lines that an operator sees at the start: addresses, simulated parts, readiness."""
    simulated = [
        what
        for is_simulated, what in (
            (settings.LLM_PROVIDER == "simulated", "the model (LLM_PROVIDER=simulated)"),
            (settings.FORGE == "local", "GitHub and its Pages (FORGE=local: repositories and pages on this machine)"),
        )
        if is_simulated
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


def _restart_with_options(*, port: int, workers: int | None) -> None:
    """Replace this process by one with the command line's settings, if the loaded settings differ from them.

    PUBLIC_URL and PAGES_ORIGIN depend on the port, and every process must agree on them: that is worth half a second.
    """
    wanted = {"PORT": (port, settings.PORT), "WORKERS": (workers or settings.WORKERS, settings.WORKERS)}
    changed = {name: str(wanted_value) for name, (wanted_value, loaded) in wanted.items() if wanted_value != loaded}
    if all(os.environ.get(name) == value for name, value in changed.items()):
        return
    os.environ.update(changed)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 -- the same command, without a shell


def _run_in_child(title: str, do: Callable[[], object]) -> int:
    """Call `do` in a child and return its exit code: in this process it would leave a connection and memory behind.

    SIGTERM ends the child and exits with 0, as it does while the service runs.
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
    startup.admin_password_redact()
    credentials.forget()
    entry_points.load(web=web is not None)
    supervisor = Supervisor(
        (
            *((Program("web", entry_points.web),) if web else ()),
            Program(CLUSTER, lambda: entry_points.cluster(lambda: supervisor.beat(CLUSTER)), beats=True),
            Program(
                DISPATCHER,
                lambda: entry_points.dispatch(
                    me, lambda: supervisor.group_of(CLUSTER), lambda: supervisor.beat(DISPATCHER)
                ),
                beats=True,
            ),
        ),
        {**os.environ, "DATA_DIR": str(settings.DATA_DIR), "SUPERVISOR_ID": me, **({"BIND": str(web)} if web else {})},
        label=label,
        on_death=lambda name, how: _clear_up(me, label, name, how),
    )
    with present(settings.DATA_DIR / "supervisors", me) as dead_supervisors:
        if dead_supervisors:
            _run_in_child(f"{label}: clearing up", lambda: _clear_up_all(dead_supervisors, label))
        code = supervisor.run()
        _run_in_child(f"{label}: clearing up", lambda: _free_leases(me, crashed=False))
    return code


def _clear_up_all(dead_supervisors: list[str], label: str) -> None:
    for other in dead_supervisors:
        _free_leases(other, crashed=True, workers_only=False)
        _record_death(label, CLUSTER, "died with its supervisor, which was killed")


def _clear_up(me: str, label: str, name: str, how: str) -> None:
    """Record that a program died. If it was the cluster, free its rounds now.

    The dispatcher's callbacks keep their leases.
    """
    if name == CLUSTER:
        _free_leases(me, crashed=True)
    _record_death(label, name, how)


def _record_death(label: str, name: str, how: str) -> None:
    try:
        event_record(what=f"{name} restarted", text=f"{label}: {name} {how}")
    except DatabaseError:
        logger.exception("the death of %s is not written down", name)
    finally:
        connections.close_all()


def _free_leases(me: str, *, crashed: bool, workers_only: bool = True) -> None:
    """Free the rounds of a supervisor's processes. A lease that cannot be freed expires by itself."""
    try:
        freed = leases_free(
            supervisor=me, pids=lease_pids(supervisor=me, workers_only=workers_only) if crashed else None
        )
    except DatabaseError:
        logger.exception("leases not freed")
    else:
        if freed:
            logger.info("rounds freed for others: %d", freed)
    finally:
        connections.close_all()
