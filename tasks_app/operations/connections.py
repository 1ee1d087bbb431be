"""This thread's database connection, which a restart, a proxy's limit or a firewall may end at any time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connection, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The errors that a query raises while the database cannot be reached.
AWAY = (OperationalError, InterfaceError)


def connection_heal() -> None:
    """Close a lost connection, outside of transactions, so that the next query opens a new one.

    Django does so only at the start of a web request; elsewhere a lost connection would stay lost.
    https://docs.djangoproject.com/en/5.2/ref/databases/#persistent-connections
    """
    if connection.connection is not None and not connection.in_atomic_block and not connection.is_usable():
        connection.close()


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
