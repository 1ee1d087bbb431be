from __future__ import annotations

import pytest

from engine.domain.check_counts import count_checks
from engine.domain.checks import Kind, Verdict

MIXED = [("js", "pass"), ("prose", "pass"), ("js", "pass"), ("prose", "unverifiable")]


def test_the_requests_checks_come_first_and_the_others_apart() -> None:
    counts = count_checks([("rule", "pass"), ("earlier", "pass"), ("regression", "fail"), ("test", "fail"), *MIXED])
    assert str(counts) == (
        "3 of 4 of the request's checks hold, 1 not decided; earlier rounds: 1 of 2; own checks: 1 of 2"
    )


def test_what_there_is_none_of_is_left_out() -> None:
    assert str(count_checks([("js", "pass"), ("js", "fail")])) == "1 of 2 of the request's checks holds"
    assert str(count_checks([("rule", "pass")])) == "no checks of the request; own checks: 1 of 1"


@pytest.mark.parametrize("kind", [Kind.SOURCE, Kind.REVIEW, Kind.PAGE_LOAD])
def test_advice_is_not_counted(kind: Kind) -> None:
    counts = count_checks([(kind, Verdict.FAIL)])
    assert (counts.request.of, counts.earlier.of, counts.own.of) == (0, 0, 0)


def test_only_pass_holds_and_only_what_is_wrong_fails() -> None:
    tally = count_checks([(Kind.JS, verdict) for verdict in Verdict]).request
    assert (tally.held, tally.failed, tally.decided, tally.of) == (1, 3, 4, len(Verdict))
    assert (tally.not_run, tally.unverifiable) == (1, 1)


def test_the_counts_as_data() -> None:
    request = {"held": 3, "decided": 3, "of": 4, "not_run": 0, "unverifiable": 1}
    assert count_checks(MIXED).data()["request"] == request
