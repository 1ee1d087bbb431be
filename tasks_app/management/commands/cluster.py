"""`manage.py cluster`: django-q's cluster as `serve` and `worker` run it (internal)."""

from __future__ import annotations

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Runs what `qcluster` runs, mended."""

    help = "Internal: the worker processes, as serve and worker start them."

    def handle(self, *_args: object, **_options: object) -> None:
        """Start the cluster; its main process waits for the others when the interpreter ends."""
        from django_q.cluster import Cluster

        from tasks_app import crash_fix

        crash_fix.install()
        Cluster().start()
