"""The base of the operators' commands: text or JSON, one-line errors, exit codes (0 done, 1 not done, 2 wrong use)."""

from __future__ import annotations

import getpass
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
        """Run the command. Expected errors become one line. Raises CommandError."""
        try:
            return super().execute(*args, **options)
        except NoSuchRoundError as problem:
            raise CommandError(str(problem), returncode=2) from None
        except Error as error:
            reason = " ".join(visible(str(error)).split())
            raise CommandError(f"the database cannot be used ({reason}): is it there, and migrated?") from None

    def say(self, text: str) -> None:
        """Print text. Control characters of foreign text are made visible, so that no terminal obeys them."""
        self.stdout.write(visible(text))

    def say_json(self, value: object) -> None:
        """Print JSON in ASCII, for the same reason."""
        self.stdout.write(json.dumps(value, indent=2))


def operator_name() -> str:
    """Return the terminal user's name for the Events."""
    try:
        return f"{getpass.getuser()} (terminal)"
    except (KeyError, OSError):  # containers often have a user id without a name
        return "terminal"


def width() -> int:
    """Return the width of a line: the terminal's columns, but 80 to 120."""
    return min(max(shutil.get_terminal_size((100, 24)).columns, 80), 120)
