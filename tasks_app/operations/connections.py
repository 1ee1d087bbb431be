"""This thread's connection to the database, which a restart, a proxy's limit or a firewall may end at any time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connection, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What a query raises where the database, or the line to it, is away.
AWAY = (OperationalError, InterfaceError)


def connection_heal() -> None:
    """Let go of a connection that was lost, outside of transactions: the next query makes another one.

    Django asks for it at the begin of a web request alone; elsewhere a connection that was lost once stays so.
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
