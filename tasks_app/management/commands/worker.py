"""`manage.py worker`: workers and dispatcher without the web, for additional machines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.core.management.base import BaseCommand, CommandError

from tasks_app.processes import serve

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "Run workers and dispatcher until SIGTERM or Ctrl-C; the web runs elsewhere."
    # `make check` and the tests run Django's checks; here these would only load the libraries of all routes.
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workers", type=int, metavar="N", help="worker processes (default WORKERS)")

    def handle(self, *_args: object, workers: int | None, **_options: object) -> None:
        if workers is not None and workers < 1:
            raise CommandError("--workers must be at least 1", returncode=2)
        sys.exit(serve.work(workers))
