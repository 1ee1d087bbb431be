from __future__ import annotations

import pytest

from engine.domain.backoff import LONGEST_RETRY_AFTER, Allowance, notify_delay, poll_delay, transient_delay, watch_delay


def test_callbacks_follow_the_contracts_schedule() -> None:
    assert [notify_delay(n) for n in range(1, 13)] == [1, 2, 4, 8, 16, 32, 60, 300, 1800, 7200, 7200, 7200]


@pytest.mark.parametrize(("asked", "given"), [(5.0, 5.0), (0.1, 1.0), (None, 1.0), (10.0**9, LONGEST_RETRY_AFTER)])
def test_a_retry_after_lengthens_the_wait_and_never_shortens_it(asked: float | None, given: float) -> None:
    assert notify_delay(1, asked) == given


def test_passing_failures_wait_longer_up_to_half_a_minute() -> None:
    assert [transient_delay(n) for n in (1, 2, 3, 6, 50)] == [1, 2, 4, 30, 30]


def test_polls_grow_from_3_to_15_seconds() -> None:
    assert [poll_delay(s) for s in (0, 24, 80, 10_000)] == [3, 3, 10, 15]


def looks(waiting: int, *, since: float, until: float) -> int:
    """Return how many looks all make together within a stretch of time, who published at the same moment."""
    at, made = 0.0, 0
    while at < until:
        made += waiting * (at >= since)
        at += poll_delay(at, waiting=waiting)
    return made


@pytest.mark.parametrize("waiting", [1, 30, 68, 100, 400, 1000])
def test_all_looks_together_take_half_of_900_a_minute_and_the_first_minute_half_as_many_more(waiting: int) -> None:
    first = waiting  # each has its first look when it has published
    assert looks(waiting, since=0.1, until=60) <= 450 * 1.5 + first
    assert looks(waiting, since=60, until=360) <= 5 * 450 + first


def test_the_pages_of_a_burst_are_looked_at_as_often_as_one() -> None:
    assert [poll_delay(since, waiting=68) for since in (0, 3, 6, 9)] == [3, 3, 3, 3]
    assert poll_delay(12, waiting=68) == pytest.approx(9.07, abs=0.01)


@pytest.mark.parametrize(("calls", "seconds"), [(40, 3600.0), (10, 60.0), (0, 60.0)])
@pytest.mark.parametrize("waiting", [1, 30])
def test_where_the_hour_is_nearly_spent_all_looks_together_take_at_most_half_of_what_is_left(
    waiting: int, calls: int, seconds: float
) -> None:
    pause = poll_delay(0, waiting=waiting, allowance=Allowance(calls, seconds))
    assert waiting * seconds / pause <= max(calls / 2, 1) + 1e-9


@pytest.mark.parametrize("waiting", [1, 30, 100])
def test_an_hour_that_pays_for_everybodys_looks_makes_nobody_wait_longer(waiting: int) -> None:
    assert poll_delay(0, waiting=waiting, allowance=Allowance(5000, 3600.0)) == poll_delay(0, waiting=waiting)


def test_a_page_that_nobody_waits_for_is_looked_at_every_15_seconds_at_most() -> None:
    assert watch_delay(0) == 15
    assert watch_delay(600, waiting=300) == 40
