"""The start's one-time work before any child process: migrations, the admin's login, closing the breakers."""

from __future__ import annotations

import logging
import secrets
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from redis import Redis
from redis.exceptions import RedisError

from tasks_app.health.readiness import TWO_SECRETS
from tasks_app.keys import kept_key, known_key
from tasks_app.operations.breakers import breaker_close, outages_open
from tasks_app.operations.connections import is_unusable, why_unusable
from tasks_app.operations.forge_quota import requests_unblock
from tasks_app.operations.spending import unpriced_models
from tasks_app.privacy import close_to_others
from tasks_app.redaction import SHORTEST, redact

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)


#: For how long a start waits for PostgreSQL and Redis, which may start at the same time, and how often it says so.
WAIT = timedelta(seconds=60)
SAID_EVERY = timedelta(seconds=5)

#: PostgreSQL answers with this word if waiting does not help, but for the states in `_PASSING`.
_REFUSED = "FATAL:"
_PASSING = ("starting up", "shutting down", "in recovery", "too many", "remaining connection slots")


def prepare(*, migrate: bool) -> None:
    """Prepare database and login, and close the breakers: a start is how a new credential comes in.

    Exits with a message if that is not possible.
    """
    for sentence in close_to_others(settings.DATA_DIR, _database_files()):
        logger.warning("%s", sentence)
    try:
        with tempfile.TemporaryFile(dir=settings.DATA_DIR) as file:  # locks, keys and results will be written there
            file.write(bytes(4_096))
        _await(connection.ensure_connection, "The database")
        if settings.REDIS_URL:
            _await(_ping_redis, "Redis")
        _prepare_rows(migrate=migrate)
    except (DatabaseError, InterfaceError) as error:
        if not is_unusable(error):
            raise
        sys.exit(why_unusable(error))
    except RedisError as error:
        sys.exit(f"The Redis of REDIS_URL cannot be used: {redact(str(error))}.")
    except OSError as error:
        sys.exit(f"Nothing can be written to {settings.DATA_DIR}: {error.strerror}.")
    for warning in warnings():
        logger.warning("%s", warning)
    connections.close_all()


def _prepare_rows(*, migrate: bool) -> None:
    if unknown := _unknown_migrations():
        # An earlier development version made the database; its migrations no longer exist.
        sys.exit(
            f"This database was made by another version of the service (migration {unknown[0]}), "
            "and cannot be brought to this one. "
            "Start with a new one: another DATA_DIR or DATABASE_URL."
        )
    if migrate:
        _migrate()
    _make_login()
    for kind in outages_open():
        breaker_close(kind=kind, who="start")
    requests_unblock()


def _migrate() -> None:
    """Apply the migrations. Exits with a message that names the one that failed."""
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except Exception as error:
        if is_unusable(error):
            sys.exit(_failed_migration() + why_unusable(error))
        logger.exception("a migration failed by an error of our own")
        said = redact(f"{type(error).__name__}: {' '.join(str(error).split())}")
        sys.exit(f"{_failed_migration()}{said}. The log has the traceback.")


def _failed_migration() -> str:
    """Return a sentence that names the first migration that is not applied, "" if the database does not say."""
    try:
        executor = MigrationExecutor(connection)
        first = next((step for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())), None)
    except Exception:  # noqa: BLE001 -- what failed before is the error to tell, and may fail here again
        return ""
    return f"The migration {first} failed; those before it are applied. " if first else ""


def _await(reach: Callable[[], object], what: str) -> None:
    """Call `reach` until it succeeds, for at most WAIT. Raises its error then, or at once if waiting does not help."""
    began = said = monotonic()
    while True:
        try:
            reach()
        except (OperationalError, RedisError) as error:
            now, text = monotonic(), str(error)
            refused = _REFUSED in text and not any(word in text for word in _PASSING)
            if (connection.vendor == "sqlite" and isinstance(error, OperationalError)) or refused:
                raise
            if now - began >= WAIT.total_seconds():
                raise
            if now - said >= SAID_EVERY.total_seconds() or said == began:
                left, said = WAIT.total_seconds() - (now - began), now
                logger.warning("%s does not answer yet; waiting for %.0f s more", what, left)
            sleep(0.5)
        else:
            return


def _ping_redis() -> None:
    with Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=5) as redis:
        redis.ping()


def _database_files() -> list[Path]:
    if connection.vendor != "sqlite":
        return []
    file = Path(connection.settings_dict["NAME"])
    return [file.with_name(file.name + suffix) for suffix in ("", "-wal", "-shm")]


def warnings() -> list[str]:
    """Return the start's warnings for an operator, in sentences."""
    sentences = list(settings.MISSING)
    if settings.SECRET_PREVIOUS:
        sentences.append(TWO_SECRETS)
    sentences += [
        f"{name} is shorter than {SHORTEST} characters: it is too short to be looked for in files and logs."
        for name, value in settings.SECRETS.items()
        if 0 < len(value) < SHORTEST
    ]
    sentences += [
        f"The price of {model} is not known: LLM_BUDGET_PER_DAY in money holds for it only if its server reports "
        "what calls cost. "
        "A bound in tokens holds always."
        for model in unpriced_models()
    ]
    if settings.LLM_PROVIDER == "simulated":
        sentences.append("The language model is simulated: pages are made by rules, and say so.")
    return sentences


def admin_password_file() -> str:
    """Return the path of the file with the password that the first start generated."""
    return str(settings.DATA_DIR / "admin_password")


def admin_password_redact() -> None:
    """Redact the password that the first start generates: this process may have read its settings before."""
    settings.SECRETS["admin_password"] = known_key(settings.DATA_DIR / "admin_password")


def _unknown_migrations() -> list[str]:
    """Return the names of our migrations that the database has and this version has not."""
    loader = MigrationLoader(connection)
    return sorted(
        name
        for app, name in loader.applied_migrations
        if app == "tasks_app" and (app, name) not in loader.disk_migrations
    )


def _make_login() -> None:
    """Create the first superuser. An existing one does not change, whatever the environment says."""
    users = get_user_model()
    if users.objects.filter(is_superuser=True).exists():
        return
    password = settings.ADMIN_PASSWORD or kept_key(
        settings.DATA_DIR / "admin_password", lambda: secrets.token_urlsafe(12)
    )
    admin_password_redact()
    try:
        users.objects.create_superuser(settings.ADMIN_USERNAME, password=password)
    except IntegrityError:
        return
    where = "as ADMIN_PASSWORD says" if settings.ADMIN_PASSWORD else f"in {admin_password_file()}"
    logger.info("made the admin's login %s; its password is %s", settings.ADMIN_USERNAME, where)
