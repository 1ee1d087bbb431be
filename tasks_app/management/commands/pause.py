"""`manage.py pause KIND`: stops the intake, publishing or model calls until `manage.py pause KIND --end`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from tasks_app.management.round_command import RoundCommand, operator_name
from tasks_app.operations.breakers import PAUSES, pause, pauses_on, resume
from tasks_app.operations.events import LONGEST_REASON

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from tasks_app.models import Breaker


class Command(RoundCommand):
    help = (
        "Pause the intake of tasks, publishing or model calls, or end the pause; without a kind: show what is paused. "
        f"A restart does not end a pause. {' '.join(f'{kind}: {what.meanwhile}' for kind, what in PAUSES.items())}"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("kind", nargs="?", choices=PAUSES, help="what to pause")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--reason", default="", help=f"shown beside the pause, at most {LONGEST_REASON} characters")
        what.add_argument("--end", action="store_true", help="end the pause: rounds that waited continue at once")

    def handle(self, *_args: object, **options: Any) -> None:
        """Switch, and say what is paused now. The exit code is 1 if the pause was as wanted already."""
        kind, who = options["kind"], operator_name()
        if options["end"] and not kind:
            raise CommandError(f"--end needs a kind: {', '.join(PAUSES)}", returncode=2)
        changed = True
        if kind:
            changed = resume(kind=kind, who=who) if options["end"] else pause(
                kind=kind, who=who, reason=options["reason"]
            )  # fmt: skip
        on = pauses_on()
        if options["json"]:
            self.say_json(
                [
                    {"kind": name, "paused": name in on}
                    | ({"by": on[name].opened_by, "since": on[name].since.isoformat(), "reason": on[name].reason}
                       if name in on else {})
                    for name in PAUSES
                ]
            )  # fmt: skip
        else:
            for name in PAUSES:
                self.say(f"{name:<12}{_pause_sentence(on[name]) if name in on else 'goes on'}".replace("\n", " "))
        if not changed:
            raise CommandError(f"{kind} was {'not paused' if options['end'] else 'paused already'}")


def _pause_sentence(pause: Breaker) -> str:
    since = f"{pause.since:%Y-%m-%d %H:%M:%S} UTC"
    return f"paused since {since} by {pause.opened_by}. {pause.reason}. {PAUSES[pause.kind].meanwhile}"
