"""`manage.py takedown ID`: takes a round's published page down, or puts it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from engine.domain.repository import Reach
from tasks_app.management.round_command import RoundCommand, operator_name
from tasks_app.management.round_search import round_named
from tasks_app.operations.events import LONGEST_REASON
from tasks_app.operations.takedowns import TakedownRefusedError, takedown_ask, takedown_sentence, takedown_undo
from tasks_app.rounds.liveness_watches import PUT_BACK
from tasks_app.worker.takedown_work import take_down_due

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(RoundCommand):
    help = "Take the published page of a round down, or put it back. What fails for a moment is tried again by workers."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("id", metavar="ID", help="the round's id, or its beginning")
        parser.add_argument("--undo", action="store_true", help="put the page back")
        reaches = [reach.value for reach in Reach]
        parser.add_argument(
            "--reach", choices=reaches,
            help="pages: the repository stays (default); private: it becomes private; archive: it becomes read-only. "
            "Without it an unfinished takedown keeps the one that it has",
        )  # fmt: skip
        parser.add_argument(
            "--reason", default="", help=f"shown with the takedown, at most {LONGEST_REASON} characters"
        )

    def handle(self, *_args: object, **options: Any) -> None:
        """Write the row, then do it here and now. The exit code is 1 if the forge has not done it yet."""
        row, who = round_named(options["id"]), operator_name()
        try:
            if options["undo"]:
                found = takedown_undo(round_id=row.pk, who=who)
            else:
                reach = Reach(options["reach"]) if options["reach"] else None
                found = takedown_ask(round_id=row.pk, who=who, reach=reach, reason=options["reason"])
        except TakedownRefusedError as refused:
            raise CommandError(str(refused)) from None
        take_down_due(found.pk)
        found.refresh_from_db()
        done = found.back_at is not None if options["undo"] else found.down_at is not None
        text = takedown_sentence(found)
        if found.back_at:
            text = f"The takedown has ended. {found.error}" if found.error else f"The page is put back. {PUT_BACK}"
        if options["json"]:
            self.say_json(
                {"id": str(row.pk), "repository": found.repo_url, "page": found.pages_url, "reach": found.reach}
                | {"down": found.back_at is None and found.down_at is not None, "done": done, "text": text}
                | {"error": found.error or None}
            )
        else:
            self.say(text)
        if not done:
            more = "a worker tries again" if found.next_at else "nothing tries again by itself"
            raise CommandError(f"not done yet, {more}: {found.error or 'another process is on it'}".replace("\n", " "))
