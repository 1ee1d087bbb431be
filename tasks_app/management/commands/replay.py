"""`manage.py replay ATTEMPT`: a stored reply read, gated and checked again with today's code, without a token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from tasks_app.management.replay_report import compared, replay_data, replay_text, worsened
from tasks_app.management.round_command import RoundCommand
from tasks_app.management.round_search import NoSuchRoundError, round_named
from tasks_app.models import Attempt
from tasks_app.replay import CannotReplayError, replayed

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(RoundCommand):
    """The same reply, today."""

    help = (
        "Read a stored reply again with today's parser, gates, rules and browser, beside what came of it then. Asks no model, writes no row. "
        "Ends with 0 where nothing got worse, 1 where something did, 2 for what cannot be replayed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define which attempt, and how much is done."""
        super().add_arguments(parser)
        parser.add_argument(
            "id", metavar="ATTEMPT", help="an attempt's number; or a round's id, or its beginning: its chosen attempt"
        )
        parser.add_argument(
            "--checks", action="store_true", help="print every check, not only those with another verdict"
        )
        parser.add_argument("--no-browser", action="store_true", help="parse, gates and rules alone")

    def handle(self, *_args: object, **options: Any) -> None:
        """Print the comparison. Raises CommandError where something got worse or nothing can be replayed."""
        try:
            replay = replayed(_attempt_named(options["id"]), with_browser=not options["no_browser"])
        except CannotReplayError as problem:
            raise CommandError(str(problem), returncode=2) from None
        checks = compared(replay)
        if options["json"]:
            self.say_json(replay_data(replay, checks))
        else:
            self.say(replay_text(replay, checks, every=options["checks"]))
        if worse := worsened(replay, checks):
            raise CommandError(worse, returncode=1)


def _attempt_named(name: str) -> Attempt:
    """Return an attempt by its number, or the chosen one of a round. Raises NoSuchRoundError, CannotReplayError."""
    if re.fullmatch(r"[0-9]{1,9}", name) and (
        attempt := Attempt.objects.select_related("round").filter(pk=int(name)).first()
    ):
        return attempt
    try:
        row = round_named(name)
    except NoSuchRoundError as problem:
        raise CannotReplayError(
            f"no attempt has the number {name}, and {problem}" if name.isdecimal() else str(problem)
        ) from None
    if row.chosen_attempt is None:
        tried = ", ".join(str(pk) for pk in row.attempts.values_list("pk", flat=True)[:10])
        raise CannotReplayError(
            f"round {row.pk} has no chosen attempt; "
            + (f"its attempts are {tried}" if tried else "nothing was tried yet")
        )
    return row.chosen_attempt
