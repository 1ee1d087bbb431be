"""What the operators' commands have in common: plain text or JSON, errors in one line, exit codes (0 done, 1 not done, 2 wrong use)."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from tasks_app.management.round_search import NoSuchRoundError
from tasks_app.reports.display import visible

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class RoundCommand(BaseCommand):
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def execute(self, *args: object, **options: Any) -> str | None:
        """Run it; what is no error of ours becomes one line. Raises CommandError."""
        try:
            return super().execute(*args, **options)
        except NoSuchRoundError as problem:
            raise CommandError(str(problem), returncode=2) from None
        except Error as error:
            reason = " ".join(visible(str(error)).split())
            raise CommandError(f"the database cannot be used ({reason}): is it there, and migrated?") from None

    def say(self, text: str) -> None:
        """Print text; whatever foreign is in it, a terminal takes none of it for a command."""
        self.stdout.write(visible(text))

    def say_json(self, value: object) -> None:
        """Print JSON, in ASCII for the same reason."""
        self.stdout.write(json.dumps(value, indent=2))


def width() -> int:
    """Return how many columns a line may have: those of the terminal, from 80 to 120."""
    return min(max(shutil.get_terminal_size((100, 24)).columns, 80), 120)
