"""The production settings with a test's environment: nothing of the machine's `.env` or variables gets in.

`TEST_DATABASE_URL` and `TEST_REDIS_URL` choose other parts than the embedded ones; `python -m tests.on_real_parts`
starts such parts and sets them.
"""

from __future__ import annotations

import os
import tempfile

_data = tempfile.mkdtemp(prefix="engine-tests-")
os.environ |= {
    "ENV_FILE": os.devnull,
    "DATA_DIR": _data,
    "SECRET": "the-shared-secret-of-the-tests",
    "FORGE": "local",
    "LLM_PROVIDER": "simulated",
    "DEBUGGABLE": "1",
    "BROWSERS": "0",  # checks in a browser have tests of their own
    "ADMIN_PASSWORD": "the-operator-of-the-tests",
    "PUBLIC_URL": "http://localhost:8000",
    "PAGES_ORIGIN": "http://127.0.0.1:8000",
}
for _name in (
    "SECRET_PREVIOUS",
    "DATABASE_URL",
    "REDIS_URL",
    "GITHUB_TOKEN",
    "LLM_API_KEY",
    "OPENAI_API_KEY",
    "LLM_BASE_URL",
    "OPENAI_BASE_URL",
    "ALLOW_PRIVATE_URLS",
    "WEBHOOK_SIGNING_SECRET",
    "ALERT_WEBHOOK_URL",
    "SENTRY_DSN",
):
    os.environ.pop(_name, None)
    os.environ.pop(f"{_name}_FILE", None)
if _url := os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = _url
if _url := os.environ.get("TEST_REDIS_URL"):
    # Tests that run side by side have a database of their own in Redis too; pytest-django names those of PostgreSQL.
    os.environ["REDIS_URL"] = f"{_url}/{os.environ.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw')}"

from tasks_app.settings import *  # noqa: E402, F403
from tasks_app.settings import DATABASES  # noqa: E402

# A file and not memory: several threads of a test meet in it as several processes do in production.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": f"{_data}/test.sqlite3"}
    # Nothing here outlives the run. What the service does: tests/tasks_app/test_settings.py, tests/chaos/test_power.py.
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL;PRAGMA synchronous=OFF;"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# WhiteNoise warns where nothing was collected, and a warning fails a test.
STATIC_ROOT = f"{_data}/static"
os.makedirs(STATIC_ROOT)  # noqa: PTH103
