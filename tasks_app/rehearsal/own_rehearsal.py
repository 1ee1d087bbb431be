"""`make rehearsal`: this service on embedded parts, judged by its own evaluator's side."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks_app.processes.parent_death import dies_with_parent
from tasks_app.rehearsal.demo import ROOT, DemoError, local_forge, login, own_data, say, served, shortened, simulated

if TYPE_CHECKING:
    from tasks_app.rehearsal.demo import Running

TASKS, ROUNDS = 3, 2
#: The tasks run side by side. The simulated model learns nothing from a repair, so the service gets little time for it.
SETTINGS = {"ROUND_DEADLINE_SECONDS": "40", "WORKERS": "6", "BROWSERS": "3"}
_FAILING = 1  # the command's exit code where a check fails


def main() -> int:
    """Rehearse; return 0 if every task was issued, called back and judged, 1 if not, 130 if interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    try:
        with ExitStack() as stack:
            data = stack.enter_context(own_data("rehearsal"))
            forge = stack.enter_context(local_forge(data))
            forge = replace(forge, settings={**forge.settings, **SETTINGS})
            running = stack.enter_context(served(data, forge))
            say(f"service ready after {time.monotonic() - started:.1f} s: {running.service.url}")
            failing = rehearse(running)
            say(_summary(running, forge.description, failing=failing))
            say(f"total: {time.monotonic() - started:.1f} s")
    except DemoError as reason:
        say(f"\nrehearsal FAILED: {reason}")
        return 1
    except KeyboardInterrupt:
        say("\nstopped")
        return 130
    return 0


def rehearse(running: Running) -> bool:
    """Run the command against the service; say whether a check fails. Raises DemoError if something is not judged."""
    name = f"own-{time.strftime('%Y-%m-%d-%H%M%S')}"
    command = (
        sys.executable, "manage.py", "rehearse", "--name", name, "--url", running.service.url,
        "--evaluation-url", f"{running.service.url}/rehearsal/notify", "--tasks", str(TASKS), "--rounds", str(ROUNDS),
    )  # fmt: skip
    process = subprocess.Popen(
        dies_with_parent(command), cwd=ROOT, env=dict(running.environment), stdin=subprocess.DEVNULL
    )
    try:
        code = process.wait()
    except KeyboardInterrupt:
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(60.0)
        process.kill()
        process.wait()
        raise
    if code not in (0, _FAILING):
        raise DemoError(f"manage.py rehearse ended with code {code}")
    if missing := unfinished(running, name):
        raise DemoError(missing)
    return code == _FAILING


def unfinished(running: Running, name: str) -> str:
    """Return what was not issued, called back or judged, "" if nothing."""
    query = """
        SELECT count(*), count(callback_at), count(judged_at) FROM tasks_app_issuedtask AS issued
        JOIN tasks_app_submission AS submission ON submission.id = issued.submission_id
        JOIN tasks_app_rehearsal AS rehearsal ON rehearsal.id = submission.rehearsal_id WHERE rehearsal.name = ?
    """
    with closing(sqlite3.connect(f"file:{running.data / 'db.sqlite3'}?mode=ro", uri=True, timeout=20)) as database:
        counts = database.execute(query, [name]).fetchone()
    named = zip(("issued", "called back", "judged"), counts, strict=True)
    expected = TASKS * ROUNDS
    return "; ".join(f"{count} of {expected} rounds were {what}" for what, count in named if count != expected)


def _summary(running: Running, forge: str, *, failing: bool) -> str:
    told = f"All {TASKS * ROUNDS} rounds of {TASKS} tasks were issued, called back and judged."
    if failing:
        told += "\nThe checks above that fail are what the simulated model cannot do, or faults of this service."
    shown = f"console     DATA_DIR={shortened(running.data)} make run, then /admin/   login: {login(running)}"
    return f"\n{told}\n{shown}\n\n{simulated(forge)}"


if __name__ == "__main__":
    sys.exit(main())
