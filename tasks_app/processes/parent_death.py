"""Ties a process to its parent: when the parent dies, kill -9 included, the kernel kills the child too.

`python -m tasks_app.processes.parent_death PARENT_PID COMMAND…` ties itself and becomes COMMAND. It imports no Django.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent`'s thread that forked it ends; kill it now if `parent` is dead.

    Linux only; elsewhere this does nothing. The setting survives an exec but not a fork.
    https://man7.org/linux/man-pages/man2/pr_set_pdeathsig.2const.html
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl(PR_SET_PDEATHSIG): {os.strerror(error)}")
    if os.getppid() != parent:  # the parent died between the fork and the prctl
        os.kill(os.getpid(), signal.SIGKILL)


def dies_with_parent(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command line that runs `command` so that it dies with this process. Start it from the main thread."""
    return (sys.executable, "-m", "tasks_app.processes.parent_death", str(os.getpid()), *command)


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, then replace it with the command."""
    parent, *command = arguments
    if not sys.platform.startswith("linux"):
        sys.stderr.write(
            f"parent_death: {sys.platform} has no parent-death signal: {command[0]} may outlive a killed parent\n"
        )
    die_with_parent(int(parent))
    os.execvp(command[0], command)  # noqa: S606 -- a shell would be another process in between


if __name__ == "__main__":
    main(sys.argv[1:])
