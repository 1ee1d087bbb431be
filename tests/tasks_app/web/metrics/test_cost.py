"""The cost of a scrape in queries."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from tasks_app.operations.workers import worker_beat
from tests.factories import make_round
from tests.tasks_app.web.metrics.rows import ago, call, ended, notified
from tests.tasks_app.web.metrics.scrape import ask, families

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def test_more_rounds_are_no_more_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    def add(number: int) -> None:
        for count in range(number):
            row = make_round(task=f"t{count}", next_at=ago(seconds=5))
            call(row, kind=("generate", "repair")[count % 2])
            notified(ended(seconds=count), 1, 200 + count)
            worker_beat(worker=f"s:{count}", row=row)

    add(1)
    with django_assert_num_queries(18):
        ask()
    add(30)
    with django_assert_num_queries(18):
        ask()


@contextmanager
def plans() -> Iterator[list[str]]:
    """Collect how SQLite goes about each query: a line for each table of it."""
    seen: list[tuple[str, object]] = []
    found: list[str] = []

    def note(execute, sql, params, many, context):
        seen.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found
    with connection.cursor() as cursor:
        for sql, params in seen:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            found += [line[-1] for line in cursor.fetchall()]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")
def test_every_query_on_rows_that_grow_uses_an_index() -> None:
    ended()
    with plans() as found:
        families()
    growing = re.compile(r"(SCAN|SEARCH) (?:tasks_app_(?:round|attempt|notificationattempt)|U\d)\b(.*)")
    uses = [match.groups() for match in map(growing.match, found) if match]
    # A walk through the whole of `round_due` is one through the rounds that have not ended: it holds no others.
    assert {
        use for use in uses if not re.search(r"SEARCH .*USING|USING (COVERING )?INDEX round_due", " ".join(use))
    } == set()
    named = " ".join(found)
    for index in ("round_due", "round_newest", "attempt_of_day", "tasks_app_notificationattempt_round_id"):
        assert index in named
