"""What the benchmark of GitHub's calls promises: two REST writes for a first round, none later, and one commit and one
build each."""

from __future__ import annotations

from benchmarks.github_calls import measure


def test_two_rest_writes_in_the_first_round_and_none_later() -> None:
    costs = measure()

    first, later = costs["our forge (push)"]
    assert (first.writes, first.pushes, first.commits, first.builds) == (2, 1, 1, 1)
    assert (later.writes, later.reads, later.pushes, later.commits, later.builds) == (0, 0, 1, 1, 1)
    assert [cost.commits for cost in costs["contents API"]] == [13, 6]
    assert [cost.writes for cost in costs["git data API"]] == [6, 4]
