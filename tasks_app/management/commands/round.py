"""`manage.py round ID`: one round in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasks_app.management.round_command import RoundCommand, width
from tasks_app.management.round_search import round_named
from tasks_app.reports.explanation import explained
from tasks_app.reports.round_report import RoundReport
from tasks_app.reports.status import report_data
from tasks_app.reports.terminal import folded

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(RoundCommand):
    help = "Show all of one round: steps, attempts, checks, commits, callbacks, warnings, error, links."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("id", metavar="ID", help="the round's id, or its beginning")

    def handle(self, *_args: object, **options: Any) -> None:
        report = RoundReport(round_named(options["id"]))
        if options["json"]:
            self.say_json(report_data(report))
        else:
            self.say(folded(explained(report, whole=True), width()))
