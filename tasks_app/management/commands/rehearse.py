"""`manage.py rehearse`: plays the evaluator against one or more endpoints."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import threading
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from tasks_app.models import Rehearsal
from tasks_app.operations import clock
from tasks_app.operations.connections import is_unusable, why_unusable
from tasks_app.rehearsal.callback_address import CallbackAddressError, callback_address, is_loopback, is_private
from tasks_app.rehearsal.issuing import begin
from tasks_app.rehearsal.judging.judge import judge
from tasks_app.rehearsal.judging.tools import judging_tools
from tasks_app.rehearsal.results.exports import as_csv, as_json, as_sqlite
from tasks_app.rehearsal.results.report import rehearsal_report
from tasks_app.rehearsal.results.text import as_text
from tasks_app.rehearsal.running import AlreadyRunningError, EvaluatorFailedError, driving, run
from tasks_app.rehearsal.starting import (
    AT_A_TIME,
    DEADLINE,
    EMAIL,
    ROUNDS,
    TASKS,
    StartError,
    WantedRehearsal,
    rehearsal_for,
)
from tasks_app.rehearsal.submissions import SecretKeyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.core.management.base import CommandParser

_EXPORTS = {"csv": as_csv, "sqlite": as_sqlite}
_INTERRUPTED = 130
_WIDTH = 100  # of the table where there is no terminal


class Command(BaseCommand):
    help = (
        "Play the evaluator against an endpoint: send tasks, receive the callbacks, judge repositories and pages, send "
        "the later rounds, print the results. Exits 1 where a check fails. Stopped in any way, the same command line "
        "goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("--url", help="the endpoint: an origin, to which /handle_task is appended, or a URL (default PUBLIC_URL)")
        add("--secret", help="its secret (default SECRET, which other users of this machine cannot see in `ps`)")
        add("--email", help=f"whose tasks they are (default {EMAIL})")
        add("--repository", help="that of the endpoint itself, for the results")
        add(
            "--submissions",
            type=Path,
            metavar="FILE.csv",
            help="many endpoints in place of one: columns email, endpoint, secret, and repository if wanted",
        )
        add("--templates", metavar="FILE|FOLDER", help="YAML (default the service's own)")
        add("--tasks", type=_whole(1, 1000), metavar="N", help=f"templates for each endpoint (default {TASKS})")
        add("--rounds", type=_whole(1, 100), metavar="N", help=f"of each task (default {ROUNDS})")
        add("--at-a-time", type=_whole(1, 100), metavar="N", help=f"tasks at one endpoint (default {AT_A_TIME})")
        add(
            "--deadline",
            type=_whole(1, 7 * 86_400),
            metavar="SECONDS",
            help=f"from the 200 to the callback (default {DEADLINE})",
        )
        add(
            "--pace",
            type=_pace,
            metavar="F",
            help="1: a refused request is sent again after 3 and 24 hours (default with --submissions); 0: at once",
        )
        add("--name", help="of the rehearsal; one that is there is gone on with (default made from date and host)")
        add("--evaluation-url", metavar="URL", help="where callbacks arrive, if not at PUBLIC_URL or on loopback")
        add("--json", action="store_true", help="print the results as JSON; progress goes to standard error")
        add("--csv", type=Path, metavar="FILE", help="write the results as CSV")
        add("--sqlite", type=Path, metavar="FILE", help="write the results as an SQLite database")

    def handle(self, *_args: object, **options: Any) -> None:
        """Rehearse; the exit code is 1 if a check fails, 130 if it was stopped."""
        names = WantedRehearsal.__dataclass_fields__
        wanted = WantedRehearsal(**{name: options[name] for name in names})
        _check_exports(options)
        for stream in (self.stdout, self.stderr):
            if reconfigure := getattr(stream, "reconfigure", None):
                reconfigure(errors="backslashreplace")  # no text of a stranger may end a rehearsal
        say = partial(_say, self.stderr if options["json"] else self.stdout)
        try:
            rehearsal, has_ended = _rehearse(wanted, say)
        except (StartError, SecretKeyError, CallbackAddressError, AlreadyRunningError, EvaluatorFailedError) as error:
            raise CommandError(str(error)) from None
        except (DatabaseError, InterfaceError) as error:
            if not is_unusable(error):
                raise
            raise CommandError(why_unusable(error)) from None
        if not has_ended:
            say(f"\nstopped. Go on with: manage.py rehearse --name '{rehearsal.name}'")
            sys.exit(_INTERRUPTED)
        self._show(rehearsal, options)

    def _show(self, rehearsal: Rehearsal, options: dict[str, Any]) -> None:
        for name, export in _EXPORTS.items():
            if options[name]:
                _write(options[name], export, rehearsal)
        report = rehearsal_report(rehearsal)
        if options["json"]:
            self._write_json(b"".join(as_json(rehearsal)))
        else:
            width = shutil.get_terminal_size((_WIDTH, 0)).columns if self.stdout.isatty() else _WIDTH
            self.stdout.write(f"\n{as_text(report, width=width, encoding=sys.stdout.encoding or 'utf-8')}")
        if report.failing:
            sys.exit(1)

    def _write_json(self, content: bytes) -> None:
        """Write JSON in UTF-8, whatever the encoding of the terminal."""
        if buffer := getattr(self.stdout, "buffer", None):
            self.stdout.flush()
            buffer.write(content)
        else:
            self.stdout.write(content.decode())


def _check_exports(options: dict[str, Any]) -> None:
    for name in _EXPORTS:
        if options[name] and (problem := _problem(options[name].absolute())):
            raise CommandError(f"--{name}: {problem}")


def _problem(path: Path) -> str:
    """Return why an export cannot be written there, before the rehearsal takes hours."""
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}."
    if path.is_dir():
        return f"{path} is a folder."
    return "" if os.access(path if path.exists() else path.parent, os.W_OK) else f"{path} cannot be written."


def _rehearse(wanted: WantedRehearsal, say: Callable[[str], None]) -> tuple[Rehearsal, bool]:
    """Find or make the rehearsal and drive it to its end; return it, and whether it has ended."""
    if MigrationExecutor(connection).migration_plan(MigrationExecutor(connection).loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)
    found = rehearsal_for(wanted, clock.now())
    with ExitStack() as stack:
        if isinstance(found, Rehearsal):
            rehearsal = found
            stack.enter_context(driving(rehearsal))
            if not rehearsal.ended_at:
                stack.enter_context(callback_address(wanted.evaluation_url or "", rehearsal.evaluation_url))
            say(f"going on with the rehearsal {rehearsal.name}, begun {rehearsal.created_at:%Y-%m-%d %H:%M} UTC")
        else:
            url = stack.enter_context(callback_address(wanted.evaluation_url or "", ""))
            rehearsal = begin(
                found.name,
                found.options,
                found.submissions,
                found.templates,
                evaluation_url=url,
                now=clock.now(),
            )
            stack.enter_context(driving(rehearsal))
            say(f"rehearsal {rehearsal.name}: {_described(rehearsal)}")
        _warn(rehearsal, say)
        if rehearsal.ended_at:
            return rehearsal, True
        stopping = stack.enter_context(_stopped_by_signals(say))
        tools = judging_tools()
        judges = settings.BROWSERS or 2
        return rehearsal, run(rehearsal, lambda task: judge(task, tools), say=say, stopping=stopping, judges=judges)


#: Requests an hour. https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
_WITHOUT_TOKEN = 60


def _described(rehearsal: Rehearsal) -> str:
    endpoints, tasks, rounds = rehearsal.submissions.count(), rehearsal.tasks, rehearsal.rounds
    counts = ((endpoints, "endpoint"), (tasks, "task"), (rounds, "round"))
    shown = [f"{number} {what}{'s' * (number != 1)}" for number, what in counts]
    return f"{shown[0]}, {shown[1]} each of {shown[2]}; callbacks arrive at {rehearsal.evaluation_url}"


def _warn(rehearsal: Rehearsal, say: Callable[[str], None]) -> None:
    tasks = rehearsal.submissions.count() * rehearsal.tasks
    if tasks > _WITHOUT_TOKEN and not settings.GITHUB_TOKEN:
        say(
            f"warning: without GITHUB_TOKEN GitHub tells of {_WITHOUT_TOKEN} repositories an hour, {tasks} tasks "
            "are sent. When the other repositories were created is not decided."
        )
    if not is_loopback(rehearsal.evaluation_url):
        return
    endpoints = rehearsal.submissions.values_list("endpoint", flat=True)
    if public := [one for one in endpoints if not is_private(one)]:
        say(
            f"warning: {public[0]} cannot reach {rehearsal.evaluation_url}, which is this machine's own address. "
            "Set PUBLIC_URL, or give --evaluation-url."
        )


@contextmanager
def _stopped_by_signals(say: Callable[[str], None]) -> Iterator[threading.Event]:
    """Yield what SIGINT and SIGTERM set. The second of them ends this process at once, as its default is."""
    stopping = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(*_: object) -> None:
        stopping.set()
        for number in before:
            signal.signal(number, signal.SIG_DFL)

    if threading.current_thread() is threading.main_thread():
        for number in before:
            signal.signal(number, stop)
    try:
        yield stopping
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)


def _say(out: Any, line: str) -> None:
    out.write(line)
    out.flush()


def _write(path: Path, export: Callable[[Rehearsal], Any], rehearsal: Rehearsal) -> None:
    try:
        with path.open("wb") as file:
            file.writelines(export(rehearsal))
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from None


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"{text} is no whole number from {least} to {most}.")
        return int(text)

    return parse


def _pace(text: str) -> float:
    try:
        pace = float(text)
    except ValueError:
        pace = -1.0
    if not 0 <= pace <= 100:
        raise argparse.ArgumentTypeError(f"{text} is no number from 0 to 100.")
    return pace
