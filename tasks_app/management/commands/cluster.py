"""`manage.py cluster`: django-q's cluster as `serve` and `worker` run it (internal)."""

from __future__ import annotations

import gc

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Runs what `qcluster` runs, mended."""

    help = "Internal: the worker processes, as serve and worker start them."
    # `make check` and the tests run Django's checks; here they would only keep every route's libraries in memory.
    requires_system_checks: tuple[str, ...] = ()

    def handle(self, *_args: object, **_options: object) -> None:
        """Start the cluster; its main process waits for the others when the interpreter ends."""
        from django_q.cluster import Cluster

        from tasks_app import crash_fix, drive, late_look, wiring  # noqa: F401 -- what workers are rung for

        crash_fix.install()
        wiring.load()
        # What is there by now is there for good: a collector that never looks at it leaves its pages to be shared with the workers.
        # https://docs.python.org/3/library/gc.html#gc.freeze
        gc.collect()
        gc.freeze()
        Cluster().start()
