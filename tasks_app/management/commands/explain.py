"""`manage.py explain ROUND`: a round in about twenty lines."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from tasks_app.management.round_command import RoundCommand, width
from tasks_app.management.round_search import round_named
from tasks_app.reports.display import visible
from tasks_app.reports.explanation import explained
from tasks_app.reports.round_report import RoundReport

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

_LABEL = 11


class Command(RoundCommand):
    """The story, short."""

    help = "Explain one round in about twenty lines: asked, tried, why this attempt, what it cost, when it was live, what the evaluator heard."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define which round."""
        super().add_arguments(parser)
        parser.add_argument("id", metavar="ROUND", help="the round's id, or its beginning")

    def handle(self, *_args: object, **options: Any) -> None:
        """Print it."""
        lines = explained(RoundReport(round_named(options["id"])))
        if options["json"]:
            self.say_json([{"about": about, "text": text} for about, text in lines])
            return
        for about, text in lines:
            self.say(_folded(about, text))


def _folded(about: str, text: str) -> str:
    """Fold one line; foreign line ends are blanks in it by now. An address is never broken, so that it can be copied."""
    return textwrap.fill(
        visible(" ".join(text.split())),
        width(),
        initial_indent=f"{about:<{_LABEL}}",
        subsequent_indent=" " * _LABEL,
        break_long_words=False,
        break_on_hyphens=False,
    )
