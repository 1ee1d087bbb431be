"""The metrics of rounds, of model calls and of callbacks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tasks_app.web.metrics import BUCKETS
from tests.factories import lease_of, make_round
from tests.tasks_app.web.metrics.rows import ago, call, ended, notified
from tests.tasks_app.web.metrics.scrape import value, values

pytestmark = pytest.mark.django_db


def test_due_rounds_are_counted_and_the_oldest_is_timed() -> None:
    make_round(task="a", next_at=ago(seconds=40))
    make_round(task="b", next_at=ago(seconds=10))
    make_round(task="c", next_at=ago(seconds=-60))
    lease_of(make_round(task="d", next_at=ago(seconds=90)))
    assert value("engine_rounds_due") == 2
    assert 40 <= value("engine_oldest_due_round_age_seconds") < 60


def test_rounds_are_counted_by_state_and_ended_ones_for_a_day() -> None:
    make_round(created_at=ago(days=400))
    make_round(state="waiting", created_at=ago(days=400))
    make_round(state="waiting")
    lease_of(make_round())
    ended()
    ended(hours=23.9, seconds=3 * 86_400)
    ended("failed")
    ended("cancelled")
    ended("failed", hours=24.1)
    ended("failed", hours=1, seconds=7 * 86_400)
    assert values("engine_rounds") == {
        "queued": 1, "running": 1, "waiting": 2, "completed": 2, "failed": 1, "cancelled": 1
    }  # fmt: skip


def test_rounds_that_need_a_person_are_counted_while_they_move_and_for_a_day_after() -> None:
    make_round(needs_attention=True, created_at=ago(days=400))
    make_round(state="waiting", needs_attention=True)
    make_round(state="waiting", needs_attention=True)
    make_round()
    ended("failed", needs_attention=True)
    ended("failed", needs_attention=True, hours=25)
    ended()
    assert value("engine_rounds_needing_attention") == 4


@pytest.mark.parametrize("flag", ["degraded", "late", "simulated", "live"])
def test_how_rounds_ended_is_counted_for_a_day(flag: str) -> None:
    flags = ["degraded", "late", "simulated", "live"]
    ended(**{flag: True})
    ended("failed", **{flag: True})
    ended(**{flag: True}, hours=25)
    ended()
    make_round(**{flag: True})
    assert {name: value(f"engine_rounds_{name}") for name in flags} == dict.fromkeys(flags, 0) | {flag: 2}


def test_the_seconds_to_the_callback_are_a_histogram_of_the_present_runs() -> None:
    for seconds in (10, 30, 31, 599, 4_000):
        ended(seconds=seconds)
    ended("failed", seconds=45)
    again = ago(hours=1, seconds=200)
    ended(seconds=86_400, run=2, started_at=again, finished_at=again + timedelta(seconds=200))
    ended(hours=25, seconds=100)
    make_round()
    counts = values("engine_callback_seconds")
    assert [float(le) for le in counts] == [*BUCKETS, float("inf")]
    assert BUCKETS == (30, 60, 120, 180, 240, 300, 420, 540, 600)
    assert list(counts.values()) == [2, 3, 3, 3, 4, 4, 4, 4, 5, 6]
    assert value("engine_callback_seconds_gcount") == 6
    assert value("engine_callback_seconds_gsum") == pytest.approx(10 + 30 + 31 + 599 + 4_000 + 200)


def test_model_calls_are_counted_by_kind_and_error_with_their_tokens_and_cost() -> None:
    row = make_round(created_at=ago(days=400))
    call(row, input_tokens=1_000, output_tokens=200, cost=Decimal("0.012500"))
    call(row, input_tokens=500, output_tokens=100, cost=Decimal("0.000001"))
    call(row, kind="repair", error_code="model_timeout")
    call(row, kind="repair", error_code="model_timeout", input_tokens=7)
    call(row, kind="repair", simulated=True, provider="simulated")
    call(row, kind="fallback", provider="")
    call(row, seconds=None, input_tokens=9_999)
    call(row, started_at=ago(hours=25), input_tokens=9_999, output_tokens=9_999, cost=Decimal(9))
    assert values("engine_model_calls") == {"none generate": 2, "model_timeout repair": 2, "none repair": 1}
    assert values("engine_model_tokens") == {"input": 1_507, "output": 300}
    assert value("engine_model_cost_dollars") == pytest.approx(0.012501)


def test_callbacks_are_counted_by_the_class_of_their_answer() -> None:
    row, late, old = make_round(), make_round(created_at=ago(days=4)), make_round(created_at=ago(days=8))
    for number, status in enumerate((200, 204, 302, 404, 429, 500, 503, 599, None), 1):
        notified(row, number, status)
    notified(row, 20, None, seconds=None)
    notified(row, 21, 200, started_at=ago(hours=25))
    notified(late, 1, 200)
    notified(old, 1, 200)
    assert values("engine_notification_attempts") == {"2xx": 3, "3xx": 1, "4xx": 2, "5xx": 3, "error": 1}
