"""GitHub's rate limits, and the wait for each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import OutOfService, RateLimited
from tests.engine.adapters.github.publishing import published, spec_of


@pytest.mark.parametrize("kind", ["create", "push", "pages"])
def test_a_secondary_limit_is_waited_for_as_long_as_it_says(double, forge, quota, kind):
    double.fault("secondary", kind, seconds=7)
    with pytest.raises(RateLimited) as refused:
        published(forge)
    assert refused.value.retry_after == 7
    assert quota.closed[0][0] == 7
    place, sha = published(forge)
    assert double.commits(place.owner, place.name) == [sha]
    assert len(double.repositories()) == 1


def test_a_spent_primary_limit_closes_the_forge_until_its_reset(double, forge, quota):
    double.fault("primary", "create", seconds=3600)
    with pytest.raises(OutOfService) as refused:
        forge.create(spec_of())
    assert refused.value.kind == "forge"
    assert refused.value.until is not None
    assert timedelta(minutes=59) < refused.value.until - datetime.now(UTC) < timedelta(minutes=61)
