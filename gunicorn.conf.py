"""Settings of the web process. https://docs.gunicorn.org/en/stable/settings.html"""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tasks_app.env import LARGEST_REQUEST, Env
from tasks_app.processes.parent_death import die_with_parent
from tasks_app.processes.web_worker import BufferingWorker

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

wsgi_app = "tasks_app.wsgi:application"
env = Env.load(Path(__file__).parent)
bind = env.str("BIND", f"0.0.0.0:{env.int('PORT', 8000)}")
worker_class = "tasks_app.processes.web_worker.BufferingWorker"
# settings.py bounds it.
BufferingWorker.largest = env.size("MAX_REQUEST_BYTES", LARGEST_REQUEST, least=1, most=10**12) or 1
workers = 2
threads = 4
timeout = 60
graceful_timeout = 10
keepalive = 5
max_requests = 10_000
max_requests_jitter = 1_000
accesslog = None
logger_class = "tasks_app.processes.web_worker.WebLogger"
loglevel = "warning"
preload_app = True  # workers share the modules that the master loaded, which hold no connection and no thread
control_socket_disable = True
# No header decides the scheme: PUBLIC_URL does. By default a proxy that sends two such headers in different spellings
# gets a 400 for every request. https://docs.gunicorn.org/en/stable/settings.html#secure-scheme-headers
secure_scheme_headers: dict[str, str] = {}
if os.access("/dev/shm", os.W_OK):  # noqa: S108 -- a heartbeat file on a slow disk can stall a worker
    worker_tmp_dir = "/dev/shm"  # noqa: S108 -- gunicorn makes its files there with random names


def when_ready(_server: Arbiter) -> None:
    """Load what the first request needs, so that the workers, which are forked later, share it."""
    from django.urls import get_resolver

    _ = get_resolver().url_patterns
    gc.freeze()  # https://docs.python.org/3/library/gc.html#gc.freeze


def post_fork(server: Arbiter, _worker: Worker) -> None:
    """Tie a worker to the master: on its own it would notice the master's death only after a while."""
    die_with_parent(server.pid)


def post_worker_init(_worker: Worker) -> None:
    """Try the credentials, unless a `serve` above this process does so."""
    if "SUPERVISOR_ID" not in os.environ:
        from tasks_app.health.credentials import keep_trying

        threading.Thread(target=keep_trying, args=(threading.Event(),), name="credentials", daemon=True).start()
