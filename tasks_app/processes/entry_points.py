"""What the processes of `serve` and `worker` do, and what is read before they are forked, for all of them to share."""

from __future__ import annotations

import signal
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.urls import get_resolver

from tasks_app import wiring
from tasks_app.health import browser_probe, credentials
from tasks_app.operations import retention
from tasks_app.processes.dispatcher import Dispatcher
from tasks_app.processes.pre_fork import share

if TYPE_CHECKING:
    from collections.abc import Callable

#: What web and cluster would import once they run: each of their processes would keep a copy.
_WEB = ("gunicorn.app.wsgiapp", "gunicorn.arbiter", "gunicorn.glogging", "gunicorn.workers.gthread", "tasks_app.wsgi")
_CLUSTER = (
    "django.db.models.sql.compiler", "django_q.brokers.orm", "django_q.cluster", "dulwich.config", "dulwich.trailers", "dulwich.worktree",
    "multiprocessing.popen_fork", "tasks_app.processes.django_q_patch", "tasks_app.worker.due_work",
)  # fmt: skip


def load(*, web: bool) -> None:
    """Read what the cluster's processes need, and the web's, and leave it to be shared. Starts no thread and connects to nothing."""
    if connection.vendor != "postgresql":
        # rest_framework reads psycopg wherever it is installed, for fields that PostgreSQL alone has: 6 MB. None is how Python is told that a
        # module is not there (https://docs.python.org/3/reference/import.html#the-module-cache).
        sys.modules.setdefault("psycopg", None)  # type: ignore[arg-type]
    for name in (*_CLUSTER, *(("django_q.brokers.redis_broker",) if settings.REDIS_URL else ())):
        import_module(name)
    wiring.load()
    if web:
        for name in _WEB:
            import_module(name)
        _ = get_resolver().url_patterns
    _write_queries()
    share()


def _write_queries() -> None:
    """Have Django keep, here, what it makes of each model on the way to a model's first query, and would make in each process."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:  # noqa: SLF001 -- documented under this name
            hash(field.cached_col)
        str(model._default_manager.order_by("pk").query)  # noqa: SLF001 -- documented under this name


def web() -> None:
    """Do what `python -m gunicorn --config gunicorn.conf.py` does."""
    from gunicorn import __main__ as main
    from gunicorn.app.wsgiapp import run

    sys.argv = [str(main.__file__), "--config", "gunicorn.conf.py"]
    run(prog="gunicorn")


def cluster() -> None:
    """Run django-q's cluster; the process waits for its members when it ends."""
    from django_q.cluster import Cluster

    from tasks_app.processes import django_q_patch
    from tasks_app.worker import due_work  # noqa: F401 -- what messages call

    django_q_patch.install()
    Cluster().start()


def dispatch(me: str, group: Callable[[], int | None]) -> None:
    """Wake workers for what is due, for the supervisor `me`, and do beside it what is done now and then, until SIGTERM.

    `group` returns the process group of the cluster, None while there is none.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=browser_probe.probe, name="browser probe", daemon=True).start()
    threading.Thread(target=credentials.keep_trying, args=(stop,), name="credentials", daemon=True).start()
    if retention.is_asked_for():
        threading.Thread(target=retention.keep_pruning, args=(stop,), name="retention", daemon=True).start()
    Dispatcher(me, group).run(stop)
