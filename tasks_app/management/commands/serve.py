"""`manage.py serve`: web, workers and dispatcher on one machine under one supervisor."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.core.management.base import BaseCommand, CommandError

from tasks_app.processes import serve

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "Migrate, then run web, workers and dispatcher until SIGTERM or Ctrl-C."
    # `make check` and the tests run Django's checks; here these would only load the libraries of all routes.
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", metavar="HOST:PORT", help="where to listen (default 0.0.0.0:PORT)")
        parser.add_argument("--workers", type=int, metavar="N", help="worker processes (default WORKERS)")

    def handle(self, *_args: object, bind: str | None, workers: int | None, **_options: object) -> None:
        """Serve until a signal; exit with 2 if the address cannot be used."""
        if workers is not None and workers < 1:
            raise CommandError("--workers must be at least 1", returncode=2)
        try:
            code = serve.serve(serve.Address.parse(bind) if bind else None, workers)
        except serve.AddressError as error:
            raise CommandError(str(error), returncode=serve.PORT_TAKEN) from None
        sys.exit(code)
