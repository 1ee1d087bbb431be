from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.domain.budget import SHORTEST_MODEL_CALL, Budget, fresh
from engine.domain.lifecycle import Step

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BUDGET = fresh(START, 600)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_a_round_is_published_by_half_and_reported_by_nine_tenths_of_its_deadline() -> None:
    assert BUDGET.share_ends(Step.PUBLISH) == after(300)
    assert BUDGET.told_by == after(540)


def test_shares_follow_each_other() -> None:
    ends = [BUDGET.share_ends(step) for step in Step]
    assert ends == sorted(ends)


@pytest.mark.parametrize(("begun", "seconds"), [(0, 216), (96, 120), (200, 120), (330, 90), (411, 0), (700, 0)])
def test_a_model_call_that_starts_late_gets_what_the_slack_allows(begun: float, seconds: float) -> None:
    assert BUDGET.model_seconds(after(begun)) == pytest.approx(seconds)


def test_no_model_call_is_begun_for_less_than_the_shortest() -> None:
    short = Budget(START, START + timedelta(seconds=20))
    assert short.model_seconds(START) == 0.0
    assert fresh(START, 40).model_seconds(START) >= SHORTEST_MODEL_CALL


@pytest.mark.parametrize(("begun", "seconds"), [(0, 60), (230, 28), (250, 24), (9999, 24)])
def test_a_verification_has_its_share_within_bounds_and_a_little_even_late(begun: float, seconds: float) -> None:
    assert BUDGET.check_seconds(after(begun)) == pytest.approx(seconds)


@pytest.mark.parametrize("begun", [0, 230, 9999])
def test_a_build_script_has_its_seconds_even_late(begun: float) -> None:
    assert BUDGET.compute_seconds(after(begun)) == 20
    assert fresh(START, 100).compute_seconds(after(begun)) == pytest.approx(20 if begun == 0 else 4)


@pytest.mark.parametrize(("begun", "seconds"), [(0, 120), (116, 100), (210, 20), (9999, 20)])
def test_a_build_script_waits_for_a_browser_while_generates_share_lasts(begun: float, seconds: float) -> None:
    assert BUDGET.compute_wait(after(begun)) == pytest.approx(seconds)


@pytest.mark.parametrize("begun", [0, 100, 210, 9999])
def test_a_claim_of_generate_outlasts_its_build_script(begun: float) -> None:
    longest = BUDGET.compute_wait(after(begun)) + BUDGET.compute_seconds(after(begun)) + 35
    assert BUDGET.step_seconds(Step.GENERATE, after(begun)) > longest


@pytest.mark.parametrize(("begun", "seconds"), [(0, 60), (500, 35), (536, 0), (600, 0)])
def test_live_checks_end_before_the_callback_is_due(begun: float, seconds: float) -> None:
    assert BUDGET.live_check_seconds(after(begun)) == pytest.approx(seconds)


@pytest.mark.parametrize("step", list(Step))
def test_a_step_past_its_share_still_has_its_floor(step: Step) -> None:
    assert BUDGET.step_seconds(step, after(10_000)) >= 30


@pytest.mark.parametrize("begun", [0, 100, 200, 330, 409])
def test_a_call_that_begins_is_never_past_the_claims_time(begun: float) -> None:
    assert BUDGET.step_seconds(Step.GENERATE, after(begun)) > BUDGET.model_seconds(after(begun)) > 0


@pytest.mark.parametrize(("begun", "seconds"), [(0, 43.2), (100, 23.2), (167, None), (400, None)])
def test_a_plan_may_take_a_fifth_of_what_is_left_of_generates_share(begun: float, seconds: float | None) -> None:
    ends = BUDGET.plan_ends(after(begun))
    assert ends == (None if seconds is None else after(begun + seconds))


def test_a_plan_takes_a_fifth_of_the_shorter_time_that_a_backlog_leaves() -> None:
    assert Budget(START, after(600), reduced_until=after(60)).plan_ends(START) == after(12)
    assert Budget(START, after(600), reduced_until=after(40)).plan_ends(START) is None
