"""The entry points of the processes of `serve` and `worker`, and the imports that they share through the fork."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import get_resolver

from tasks_app import wiring
from tasks_app.health import alerts, browser_probe, credentials
from tasks_app.logs import log_thread_errors, name_process
from tasks_app.operations import retention
from tasks_app.operations.error_reports import reports_begin
from tasks_app.processes.dispatcher import Dispatcher
from tasks_app.processes.supervisor import is_stopped

if TYPE_CHECKING:
    from collections.abc import Callable

#: Modules that web and cluster would import once they run; each of their processes would hold a copy.
_WEB = ("gunicorn.app.wsgiapp", "gunicorn.arbiter", "gunicorn.glogging", "gunicorn.workers.gthread", "tasks_app.wsgi")
_CLUSTER = (
    "django.db.models.sql.compiler", "django_q.brokers.orm", "django_q.brokers.redis_broker", "django_q.cluster",
    "dulwich.config", "dulwich.trailers", "dulwich.worktree", "multiprocessing.popen_fork",
    "tasks_app.processes.django_q_patch", "tasks_app.worker.due_work",
)  # fmt: skip


def load(*, web: bool) -> None:
    """Import the modules that the cluster, and the web, will share. It starts no thread and opens no connection."""
    for name in _CLUSTER:
        import_module(name)
    wiring.load()
    if web:
        for name in _WEB:
            import_module(name)
        _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()  # a collector that visited these objects would write to their pages, and so copy them


def web() -> None:
    """Run gunicorn as `python -m gunicorn --config gunicorn.conf.py` does."""
    name_process("web")
    log_thread_errors()
    from gunicorn import __main__ as main
    from gunicorn.app.wsgiapp import run

    sys.argv = [str(main.__file__), "--config", "gunicorn.conf.py"]
    run(prog="gunicorn")


def cluster(beat: Callable[[], object] = lambda: None) -> None:
    """Run django-q's cluster until it ends; call `beat` every second unless a signal has stopped its sentinel.

    The sentinel, a child of this process, replaces dead workers.
    """
    from django_q.cluster import Cluster

    from tasks_app.processes import django_q_patch
    from tasks_app.worker import due_work  # noqa: F401 -- the queue's messages call it by name

    name_process("worker")
    log_thread_errors()
    reports_begin()
    django_q_patch.install()
    running = Cluster()
    running.start()
    while running.sentinel.is_alive():
        if not is_stopped(running.sentinel.pid):
            beat()
        running.sentinel.join(1.0)


def dispatch(me: str, group: Callable[[], int | None], beat: Callable[[], object]) -> None:
    """Run the dispatcher of the supervisor `me` and the periodic jobs beside it, until SIGTERM.

    `group` returns the process group of the cluster, None while no cluster runs. `beat` is called at each tick.
    """
    name_process("dispatcher")
    log_thread_errors()
    reports_begin()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=browser_probe.probe, name="browser probe", daemon=True).start()
    threading.Thread(target=credentials.keep_trying, args=(stop,), name="credentials", daemon=True).start()
    if retention.is_asked_for():
        threading.Thread(target=retention.keep_pruning, args=(stop,), name="retention", daemon=True).start()
    if settings.ALERT_WEBHOOK_URL:
        threading.Thread(target=alerts.keep_alerting, args=(stop,), name="alerts", daemon=True).start()
    Dispatcher(me, group, beat).run(stop)
