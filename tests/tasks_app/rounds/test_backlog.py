from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.budget import Budget, fresh
from engine.domain.lifecycle import Step
from tasks_app.rounds.backlog import Load, ReducedBudget, reduced_budget

START = datetime(2026, 1, 1, tzinfo=UTC)
BUDGET = fresh(START, 600)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def asked(load: Load, waited: float = 0.0) -> ReducedBudget | None:
    return reduced_budget(BUDGET, after(waited), load)


def test_capacity_and_backlog_are_workers_by_the_time_that_a_round_takes() -> None:
    load = Load(waiting=36, workers=8, seconds=40.0)
    assert load.rounds_a_minute == 12
    assert load.minutes == 3


def test_an_unknown_backlog_is_not_shown() -> None:
    assert (Load(3, 8, None).rounds_a_minute, Load(3, 8, None).minutes) == (None, None)
    assert (Load(3, 0, 40.0).rounds_a_minute, Load(3, 0, 40.0).minutes) == (0, None)
    assert Load(0, 0, None).minutes == 0


def test_rounds_that_take_no_time_are_not_taken_for_a_capacity_without_end() -> None:
    assert Load(0, 8, 0.0).rounds_a_minute == 480


@pytest.mark.parametrize(
    ("load", "waited"),
    [
        (Load(0, 8, 60.0), 0),
        (Load(0, 1, 667.0), 1),  # the round before was slow; nobody waits, and this one did not
        (Load(32, 8, 60.0), 0),  # the last of them begins after 240 s and is published by 300
        (Load(0, 8, 60.0), 240),
        (Load(1000, 8, None), 290),  # nothing has ended yet
        (Load(1000, 0, 60.0), 290),  # nobody works
    ],
)
def test_a_round_has_its_whole_share_while_every_callback_can_be_in_time(load: Load, waited: float) -> None:
    assert asked(load, waited) is None


def test_a_queue_whose_last_callback_would_be_late_shortens_the_share() -> None:
    found = asked(Load(40, 8, 55.0))
    assert found is not None
    assert found.until == after(
        60
    )  # 216 s for six rounds are 36 s, less than a round takes, and than a tenth of the deadline
    assert "40 more rounds waited for 8 workers" in found.why
    assert "within 60 s and was not repaired" in found.why


def test_a_slow_round_gets_the_time_that_rounds_take() -> None:
    found = asked(Load(40, 8, 90.0))
    assert found is not None
    assert found.until == after(90)


def test_a_round_that_has_waited_too_long_drops_its_repairs_and_keeps_what_is_left() -> None:
    found = asked(Load(0, 8, 120.0), waited=190)
    assert found is not None
    assert found.until == after(310)
    assert "had waited for 190 s" in found.why


def test_a_reduced_budget_drops_repairs_first_and_bounds_the_calls() -> None:
    reduced = Budget(BUDGET.start, BUDGET.deadline, after(100))
    assert BUDGET.repair_seconds(after(50)) == 166
    assert reduced.repair_seconds(after(50)) == 0
    assert (BUDGET.model_seconds(after(0)), reduced.model_seconds(after(0))) == (216, 100)
    assert reduced.model_seconds(after(90)) == 60  # a second model, where the first gave nothing
    assert reduced.model_seconds(after(415)) == 0
    assert reduced.share_ends(Step.DEPLOY) == BUDGET.share_ends(Step.DEPLOY)


@given(st.integers(0, 10_000), st.integers(1, 256), st.floats(0, 3600), st.floats(0, 5000), st.floats(10, 86_400))
def test_whoever_has_to_hurry_still_has_time_for_a_page(
    waiting: int, workers: int, seconds: float, waited: float, deadline: float
) -> None:
    budget = fresh(START, deadline)
    found = reduced_budget(budget, after(waited), Load(waiting, workers, seconds))
    if found is not None:
        given = (found.until - after(waited)).total_seconds()
        assert given >= max(seconds, deadline / 10) - 0.001
        assert given <= max(seconds, deadline * 0.36) + 0.001
