"""`manage.py cluster`: django-q's cluster as `serve` and `worker` run it, by itself (internal)."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from tasks_app.processes import entry_points


class Command(BaseCommand):
    """Runs what `qcluster` runs, mended."""

    help = "Internal: the worker processes, as serve and worker run them."
    # `make check` and the tests run Django's checks; here they would only keep every route's libraries in memory.
    requires_system_checks: tuple[str, ...] = ()

    def handle(self, *_args: object, **_options: object) -> None:
        """Start the cluster; its main process waits for the others when the interpreter ends."""
        entry_points.load(web=False)
        entry_points.cluster()
