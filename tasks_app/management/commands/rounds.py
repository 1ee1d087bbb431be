"""`manage.py rounds`: the newest rounds, a line each."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from engine.domain.lifecycle import State
from tasks_app.management.round_command import RoundCommand, width
from tasks_app.management.round_search import newest_rounds
from tasks_app.operations import clock
from tasks_app.reports.round_report import round_lines
from tasks_app.reports.status import line_data
from tasks_app.reports.terminal import rounds_table

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(RoundCommand):
    help = "List the newest rounds; ! marks those that need attention."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--state", choices=[state.value for state in State])
        parser.add_argument("--task", metavar="T", help="a part of the task's name")
        parser.add_argument("--limit", type=_limit, default=20, metavar="N", help="how many at most (default 20)")

    def handle(self, *_args: object, **options: Any) -> None:
        limit = options["limit"]
        rows = newest_rounds(state=options["state"], task=options["task"], limit=limit + 1)
        if options["json"]:
            self.say_json([line_data(line) for line in round_lines(rows[:limit])])
        elif rows:
            self.say(rounds_table(round_lines(rows[:limit]), clock.now(), width()))
            if len(rows) > limit:
                self.say(f"there are more: --limit {2 * limit}")
        else:
            self.say("no round (manage.py send_task --sample sales sends a task)")


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError("a whole number from 1 to 10000")
    return int(text)
