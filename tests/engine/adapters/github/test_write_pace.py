from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.adapters.github.write_pace import MOST, earliest, limit_reached
from engine.errors import OutOfService, RateLimited

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_the_first_write_goes_at_once():
    assert earliest([], NOW) == NOW


def test_the_next_goes_a_second_later():
    assert earliest([NOW], NOW) == NOW + SECOND
    assert earliest([NOW - 5 * SECOND], NOW) == NOW


def test_no_minute_and_no_hour_has_more_than_its_share():
    writes: list[datetime] = []
    for _ in range(1100):
        writes.append(earliest(writes, writes[-1] if writes else NOW))
    assert writes == sorted(writes)
    for most, span in MOST:
        assert all(writes[i + most] - writes[i] >= span for i in range(len(writes) - most))
    assert writes[479] - writes[0] < timedelta(minutes=9)


@pytest.mark.parametrize(("seconds", "kind"), [(1, RateLimited), (120, RateLimited), (121, OutOfService)])
def test_a_gate_that_opens_soon_is_waited_for_and_a_later_one_closes_the_forge(seconds, kind):
    error = limit_reached(seconds, "You have exceeded a secondary rate limit.", now=NOW)
    assert type(error) is kind
    assert "secondary rate limit" in error.message
    if isinstance(error, OutOfService):
        assert (error.kind, error.until) == ("forge", NOW + timedelta(seconds=seconds))
