"""`manage.py cluster`: django-q's cluster alone, as `serve` and `worker` run it (internal)."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from tasks_app.processes import entry_points


class Command(BaseCommand):
    """Runs django-q's cluster with our patch."""

    help = "Internal: the worker processes, as serve and worker run them."
    # `make check` and the tests run Django's checks; here these would only load the libraries of all routes.
    requires_system_checks: tuple[str, ...] = ()

    def handle(self, *_args: object, **_options: object) -> None:
        """Start the cluster. At its end the main process waits for the others."""
        entry_points.load(web=False)
        entry_points.cluster()
