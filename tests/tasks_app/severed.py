"""Cuts the connections to the tests' PostgreSQL."""

from __future__ import annotations

from django.db import connection

_EVERYBODY = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def sever() -> None:
    """End every connection to the database. https://www.postgresql.org/docs/current/functions-admin.html"""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute(_EVERYBODY)
    other.close()
