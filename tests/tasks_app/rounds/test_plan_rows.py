"""No repeated query reads the whole table of rounds, so its cost does not grow with the rounds that have ended.

On SQLite as on PostgreSQL (`python -m tests.on_real_parts tests/tasks_app/rounds/test_plan_rows.py`).
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from tasks_app.admin.overview import _attention, _count_by_state, _oldest_waiting
from tasks_app.health import alerts
from tasks_app.models import Round
from tasks_app.rounds import leases, liveness_watches, load, schedule
from tests.driving import driven
from tests.factories import lease_of, make_round

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db
ENDED = 4000
#: States of two rounds in two hundred: of one that every fourth is in, PostgreSQL may read the table and be right.
OTHER = {0: "failed", 1: "cancelled"}

ASKED: dict[str, Callable[[Round], object]] = {
    "what is due": lambda _: schedule.rounds_due(workers=8),
    "the next poll": lambda _: schedule.poll_claim(owner="s:1", workers=8),
    "the next round": lambda _: schedule.work_claim(owner="s:1", workers=8),
    "the queue": lambda _: schedule.backlog(),
    "a claim": lambda row: leases.lease_claim(round_id=row.pk, owner="s:1"),
    "a renewal": lambda row: leases.lease_renew(lease=leases.Lease(row.pk, uuid.uuid4())),
    "leases of processes that died": lambda _: leases.leases_free(supervisor="s", pids=[1]),
    "leases of a stopped supervisor": lambda _: leases.leases_free(supervisor="s"),
    "leases held": lambda _: leases.leases_held(supervisor="s"),
    "processes with leases": lambda _: leases.lease_pids(supervisor="s"),
    "the load": lambda _: load.load_now(),
    "rounds that look at pages": lambda _: liveness_watches.rounds_looking(),
    "watches": lambda _: liveness_watches.look_claim(workers=8),
    "new alerts": lambda _: alerts.alerts_store(),
    "what needs attention": lambda _: _attention(may_act=False),
    "the oldest": lambda _: _oldest_waiting(),
}


def fill(*, analyzed: bool) -> Round:
    """Store thousands of rounds that have ended and a few that have not; return one that is due.

    `analyzed`: the database has counted them. SQLite does so only when it is told to, PostgreSQL by itself.
    """
    now = timezone.now()
    model = make_round(task="model")
    values = {field.attname: getattr(model, field.attname) for field in Round._meta.concrete_fields}
    Round.objects.bulk_create(
        [
            Round(
                **values
                | {
                    "id": uuid.uuid4(),
                    "key": f"{number:064}",
                    "task_key": f"{number:064}",
                    "state": OTHER.get(number % 200, "completed"),
                    "step": "notify",
                    "next_at": None,
                    "commit_sha": "1" * 40,
                    "live": True,
                    "created_at": now - timedelta(minutes=number),
                    "finished_at": now - timedelta(minutes=number - 1),
                }
            )
            for number in range(1, ENDED)
        ],
        batch_size=500,
    )
    for number in range(5):
        make_round(task=f"due-{number}", step="deploy" if number % 2 else "generate")
    make_round(
        task="watched", watch_at=now, watch_until=now, state="completed", next_at=None, finished_at=now, commit_sha="1"
    )
    make_round(task="attention", needs_attention=True)
    lease_of(make_round(task="held"))
    if analyzed:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return model


def walks(ask: Callable[[], object]) -> list[str]:
    """Return the queries that walk through the whole table of rounds, each with its plan."""
    return [plan for plan in plans(ask) if _walks(plan.partition("\n")[2])]


def plans(ask: Callable[[], object]) -> list[str]:
    """Return each query with the database's plan for it below."""
    seen: list[tuple[str, object]] = []

    def note(execute, sql, params, many, context):
        seen.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        ask()
    assert seen
    with connection.cursor() as cursor:
        return [f"{sql}\n{_plan(cursor, sql, params)}" for sql, params in seen]


def _plan(cursor, sql: str, params: object) -> str:
    if not sql.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
        return ""
    cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}", params)
    return "\n".join(str(line[-1]) for line in cursor.fetchall())


def _walks(plan: str) -> bool:
    """Whether a plan reads every round.

    Walking through an index that holds only what moves, or has a flag, is none of it.
    """
    if connection.vendor != "sqlite":
        return "Seq Scan on tasks_app_round" in plan
    flagged = ("round_attention", "round_degraded", "round_late", "round_simulated", "round_not_live")
    small = ("round_due", "round_watched", "round_ended", *flagged)
    scans = [line for line in plan.splitlines() if line.startswith(("SCAN tasks_app_round", "SCAN U"))]
    return any(not any(f"INDEX {index}" in line for index in small) for line in scans)


@pytest.fixture(
    params=[True, False] if connection.vendor == "sqlite" else [True],
    ids=["analyzed", "not"][: 1 + (connection.vendor == "sqlite")],
)
def row(request: pytest.FixtureRequest) -> Round:
    return fill(analyzed=request.param)


@pytest.mark.slow
def test_nothing_that_is_asked_again_and_again_walks_through_the_rounds(row: Round) -> None:
    found = {what: walked for what, ask in ASKED.items() if (walked := walks(lambda ask=ask: ask(row)))}
    assert found == {}


@pytest.mark.slow
@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL knows which states are so common that a bounded walk is quicker"
)
def test_states_are_counted_by_an_index(row: Round) -> None:
    assert walks(_count_by_state) == []


@pytest.mark.slow
def test_no_filter_of_the_list_walks_through_the_rounds(row: Round, admin_client: Client) -> None:
    flags = ("needs_attention__exact=1", "degraded__exact=1", "late__exact=1", "simulated__exact=1", "live__exact=0")
    for asked in ("state__exact=failed", "state__exact=running", *flags):
        assert walks(lambda asked=asked: admin_client.get(f"/admin/tasks_app/round/?{asked}")) == [], asked


@pytest.mark.slow
@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")
@pytest.mark.parametrize(
    "model",
    [
        "round",
        "task",
        "attachment",
        "steprun",
        "attempt",
        "plan",
        "sourcefile",
        "checkresult",
        "commit",
        "pagesstatus",
        "notificationattempt",
        "event",
        "rejection",
    ],
)
def test_no_list_sorts_or_sifts_all_of_its_rows(admin_client: Client, model: str) -> None:
    driven(make_round())
    found = "\n".join(plans(lambda: admin_client.get(f"/admin/tasks_app/{model}/")))
    assert f"tasks_app_{model}" in found
    assert "B-TREE FOR ORDER BY" not in found
    assert "DISTINCT" not in found


@pytest.mark.slow
def test_a_walk_is_recognised(row: Round) -> None:
    assert walks(lambda: list(Round.objects.filter(error_code="x")))
