"""`manage.py explain ROUND`: a round in about twenty lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasks_app.management.round_command import RoundCommand, width
from tasks_app.management.round_search import round_named
from tasks_app.reports.explanation import explained
from tasks_app.reports.round_report import RoundReport
from tasks_app.reports.terminal import folded

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(RoundCommand):
    help = (
        "Explain one round in about twenty lines: asked, tried, why this attempt, what it cost, when it was live, "
        "what the evaluator answered."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("id", metavar="ROUND", help="the round's id, or its beginning")

    def handle(self, *_args: object, **options: Any) -> None:
        lines = explained(RoundReport(round_named(options["id"])))
        if options["json"]:
            self.say_json([{"about": about, "text": text} for about, text in lines])
        else:
            self.say(folded(lines, width()))
