"""This thread's database connection, which a restart, a proxy's limit or a firewall may end at any time."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError, connection, transaction
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from tasks_app.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

#: The errors that a query raises while the database cannot be reached.
AWAY = (OperationalError, InterfaceError)


#: What an operator can do about an error of SQLite or PostgreSQL, by words of its message.
_ADVICE = (
    ("is full", "Free space on its disk."),
    ("disk I/O error", "Is its disk full or broken?"),
    ("not a database", "Put a backup in its place, or move it away to start with an empty one."),
    ("malformed", "Put a backup in its place, or move it away to start with an empty one."),
    ("unable to open", "May this user write the file and its folder?"),
    ("readonly", "May this user write the file and its folder?"),
    ("locked", "Another process keeps it locked: is a second service running on it?"),
    ("no such table", "It is not migrated: manage.py migrate."),
    ("no such column", "It is not migrated: manage.py migrate."),
    ("does not exist", "Create what is missing; tables are made by manage.py migrate."),
    ("authentication failed", "Correct user and password in DATABASE_URL."),
)


def is_unusable(error: Exception) -> bool:
    """Say whether an error means that the database cannot be reached, read or written, or is not migrated.

    Any other error of the database is one of our own: a row that breaks a constraint, a wrong query.
    """
    # SQLite raises a plain DatabaseError for a file that is damaged or no database.
    missing = isinstance(error, ProgrammingError) and "does not exist" in str(error)
    return isinstance(error, AWAY) or type(error) is DatabaseError or missing


def why_unusable(error: Exception) -> str:
    """Return sentences for an operator on a database error: which database, why, and what to do."""
    named = connection.settings_dict
    where = f"{named['NAME']} at {named['HOST']}:{named['PORT'] or 5432}" if named["HOST"] else str(named["NAME"])
    said = redact(" ".join(str(error).split())).rstrip(".")
    advice = next((advice for words, advice in _ADVICE if words in said), "")
    return f"The database {where} cannot be used: {said}. {advice}".rstrip()


def connection_heal() -> None:
    """Close a lost connection, outside of transactions, so that the next query opens a new one.

    Django does so only at the start of a web request; elsewhere a lost connection would stay lost.
    https://docs.djangoproject.com/en/5.2/ref/databases/#persistent-connections
    """
    if connection.connection is not None and not connection.in_atomic_block and not connection.is_usable():
        connection.close()


@receiver(connection_created)
def _file_note(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Keep which file a new connection to SQLite has open."""
    vars(connection)["file_opened"] = _file_at(connection) if connection.vendor == "sqlite" else None


def file_problem() -> str:
    """Return a sentence if SQLite's file is not the one that this thread's connection has open, else "".

    Linux lets a file be removed while it is open: what is written then is lost with the last process that has it open.
    If another file has its place, the connection is closed, and the next query opens that one. If none has, the
    connection stays: a new one would make an empty file, in the way of whoever brings the right one back.
    """
    opened = getattr(connection, "file_opened", None) if connection.connection is not None else None
    if opened is None:
        return ""
    if (present := _file_at(connection)) == opened:
        vars(connection)["file_problem"] = ""
        return ""
    if present is not None and not connection.in_atomic_block:
        connection.close()
    problem = "was replaced" if present else "was removed"
    if vars(connection).get("file_problem") != problem:  # the dispatcher asks four times a second
        vars(connection)["file_problem"] = problem
        logger.error("the database's file %s while it was open", problem)
    return f"The database's file {problem} while the service had it open."


def _file_at(connection: BaseDatabaseWrapper) -> tuple[int, int] | None:
    """Return device and inode of the file at the database's path, None without one, as for a database in memory."""
    try:
        found = Path(str(connection.settings_dict["NAME"])).stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


@contextmanager
def one_at_a_time(number: int) -> Iterator[None]:
    """Run a transaction that no other process runs under the same number. SQLite has one writer at a time anyway.

    https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
        yield
