"""Capacity and backlog from the rows, and a round with a reduced budget."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from tasks_app.operations.workers import stop_announce, worker_beat
from tasks_app.rounds.load import load_now, workers_kept
from tasks_app.rounds.runs import Start, run_start
from tasks_app.worker import due_work
from tasks_app.worker.step_inputs import budget_of
from tests.driving import driven
from tests.factories import lease_of, make_round
from tests.tasks_app.conftest import person

if TYPE_CHECKING:
    from pytest_django.fixtures import DjangoAssertNumQueries

    from tasks_app.models import Round
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db


def ended(seconds: float | None, **over: object) -> Round:
    columns = {"state": "completed", "next_at": None, "finished_at": timezone.now(), "commit_sha": "1" * 40}
    return make_round(worker_seconds=seconds, **columns | over)


def queue(count: int) -> None:
    for number in range(count):
        make_round(task=f"waits-{number}")


def test_nothing_is_known_at_first() -> None:
    load = load_now()
    assert (load.waiting, load.workers, load.seconds) == (0, 0, None)


def test_the_load_is_what_waits_who_works_and_what_the_last_rounds_took() -> None:
    worker_beat(worker="a:dispatcher", workers=6)
    worker_beat(worker="b:dispatcher", workers=2)
    worker_beat(worker="b:77", row=None)
    ended(20.0, task="e1")
    ended(40.0, task="e2")
    ended(None, task="e3")  # nobody ever worked on it
    queue(3)
    lease_of(make_round(task="held"))
    make_round(task="later", next_at=timezone.now() + timedelta(minutes=1))
    make_round(task="polls", step="deploy", state="waiting")
    load = load_now()
    assert (load.waiting, load.workers, load.seconds) == (3, 8, 30.0)


def test_only_rounds_that_ended_last_tell_what_one_takes() -> None:
    past = timezone.now() - timedelta(days=1)
    for number in range(50):
        ended(10.0, task=f"new-{number}")
    ended(1000.0, task="old", finished_at=past)
    assert load_now().seconds == 10.0


def test_workers_of_a_supervisor_that_stops_or_is_silent_do_not_count() -> None:
    worker_beat(worker="a:dispatcher", workers=6)
    worker_beat(worker="b:dispatcher", workers=2)
    stop_announce(supervisor="a")
    assert workers_kept() == 2


def test_what_workers_spend_is_kept_at_each_release(outside: Outside) -> None:
    row = make_round()
    due_work.take_due()
    row.refresh_from_db()
    assert (row.step, 0 < row.worker_seconds < 60) == ("notify", True)
    before = row.worker_seconds
    assert driven(row).state == "completed"
    assert row.worker_seconds == before  # a callback holds no worker
    assert run_start(row=row, start=Start("generate", "somebody", "anew"))
    row.refresh_from_db()
    assert row.worker_seconds is None


def test_a_round_that_begins_in_a_backlog_says_so_and_is_not_repaired(outside: Outside) -> None:
    worker_beat(worker="a:dispatcher", workers=1)
    ended(100.0, task="e1")
    queue(20)
    row = driven(make_round(task="mine"))
    assert (row.state, row.degraded) == ("completed", False)
    (warning,) = [text for text in row.warnings if "backlog" in text]
    assert "20 more rounds waited for 1 workers" in warning
    assert budget_of(row).repair_seconds(row.started_at) == 0
    assert row.reduced_until is not None


def test_a_round_without_a_backlog_has_its_whole_share(outside: Outside) -> None:
    worker_beat(worker="a:dispatcher", workers=8)
    ended(100.0, task="e1")
    row = driven(make_round(task="mine", checks=[]))
    assert (row.reduced_until, row.warnings) == (None, [])


def test_a_retry_has_the_whole_budget_again(outside: Outside) -> None:
    worker_beat(worker="a:dispatcher", workers=1)
    ended(100.0, task="e1")
    queue(20)
    row = driven(make_round(task="mine"))
    assert run_start(row=row, start=Start("generate", "somebody", "again"))
    row.refresh_from_db()
    assert row.reduced_until is None


def test_the_console_tells_capacity_and_backlog_in_minutes() -> None:
    ended(40.0, task="e1")
    queue(18)
    viewer = person("vera", "view_")
    assert "No worker is there: the backlog is 18 rounds" in viewer.get("/admin/").content.decode()
    worker_beat(worker="a:dispatcher", workers=8)
    line = (
        "Backlog: 1.5 minutes, 18 rounds; 8 workers manage 12.0 rounds a minute "
        "(a round takes 40.0 s of one, by the last 50)."
    )
    assert line in viewer.get("/admin/").content.decode()


def test_a_longer_queue_is_no_more_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    queue(3)
    with django_assert_num_queries(3):
        load_now()
    queue(30)
    with django_assert_num_queries(3):
        load_now()
