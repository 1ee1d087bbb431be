"""This thread's connection to the database, which a restart, a proxy's limit or a firewall may end at any time."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError, connection

#: What a query raises where the database, or the line to it, is away.
AWAY = (OperationalError, InterfaceError)


def connection_heal() -> None:
    """Let go of a connection that was lost, outside of transactions: the next query makes another one.

    Django asks for it at the begin of a web request alone; elsewhere a connection that was lost once stays so.
    https://docs.djangoproject.com/en/5.2/ref/databases/#persistent-connections
    """
    if connection.connection is not None and not connection.in_atomic_block and not connection.is_usable():
        connection.close()
