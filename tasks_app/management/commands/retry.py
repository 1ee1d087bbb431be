"""`manage.py retry ID…`: restarts rounds at their first unfinished step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from tasks_app.management.round_command import RoundCommand, operator_name
from tasks_app.management.round_search import round_named
from tasks_app.rounds.operator_actions import RoundConflictError, round_retry

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from tasks_app.models import Round


class Command(RoundCommand):
    help = "Start rounds again from their first unfinished step, with a fresh deadline; what was saved is used again."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("ids", nargs="+", metavar="ID", help="a round's id, or its beginning")

    def handle(self, *_args: object, **options: Any) -> None:
        """Retry all rounds, or none if an id is unknown. The exit code is 1 if a retry was refused."""
        rows = {row.pk: row for row in [round_named(text) for text in options["ids"]]}
        results = [(row, _retried(row)) for row in rows.values()]
        if options["json"]:
            self.say_json(
                [
                    {"id": str(row.pk), "task": row.task_name, "round": row.number, "retried": not why, "why_not": why}
                    for row, why in results
                ]
            )
        else:
            for row, why in results:
                self.say(f"{row.pk}  {row}: {'not retried: ' + why if why else 'queued again'}".replace("\n", " "))
        refused = sum(bool(why) for _, why in results)
        if refused:
            raise CommandError(f"{refused} of {len(results)} not retried")


def _retried(row: Round) -> str | None:
    """Retry a round; return why that was refused, or None."""
    try:
        round_retry(round_id=row.pk, who=operator_name())
    except RoundConflictError as refusal:
        return str(refusal)
    return None
