"""The start's one-time work before any child process: migrations, the admin's login, closing the breakers."""

from __future__ import annotations

import logging
import secrets
import sys

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import IntegrityError, connection, connections
from django.db.migrations.loader import MigrationLoader

from tasks_app.keys import kept_key
from tasks_app.operations.breakers import breaker_close, outages_open
from tasks_app.operations.forge_quota import requests_unblock
from tasks_app.operations.spending import unpriced_models
from tasks_app.redaction import SHORTEST

logger = logging.getLogger(__name__)


def prepare(*, migrate: bool) -> None:
    """Prepare database and login, and close the breakers: a start is how a new credential comes in.

    Exits with a message if an earlier development version made the database, whose migrations no longer exist.
    """
    if unknown := _unknown_migrations():
        sys.exit(
            f"This database was made by another version of the service (migration {unknown[0]}), "
            "and cannot be brought to this one. "
            "Start with a new one: another DATA_DIR or DATABASE_URL."
        )
    if migrate:
        call_command("migrate", interactive=False, verbosity=0)
    _make_login()
    for kind in outages_open():
        breaker_close(kind=kind, who="start")
    requests_unblock()
    for warning in warnings():
        logger.warning("%s", warning)
    connections.close_all()


def warnings() -> list[str]:
    """Return the start's warnings for an operator, in sentences."""
    sentences = list(settings.MISSING)
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
    try:
        users.objects.create_superuser(settings.ADMIN_USERNAME, password=password)
    except IntegrityError:
        return
    where = "as ADMIN_PASSWORD says" if settings.ADMIN_PASSWORD else f"in {admin_password_file()}"
    logger.info("made the admin's login %s; its password is %s", settings.ADMIN_USERNAME, where)
