"""Faults of the request's answer and of the callback."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tasks_app.rehearsal.criteria import CRITERIA
from tasks_app.rehearsal.judging.contracts import NotifyRecord
from tests.tasks_app.rehearsal.judging.world import SENT

if TYPE_CHECKING:
    from tests.tasks_app.rehearsal.judging.world import World

ACCEPTS = "The endpoint accepts the task with 200"
IN_TIME = "A callback that matches came within the deadline"
ONCE = "The callback came exactly once"
FIELDS = "The callback has exactly the fields of the contract"


def test_201_is_not_200(world: World) -> None:
    world.publish()
    found = world.judged(status_code=201, accepted_at=None, error="not 200", tries=3)[ACCEPTS]
    assert found.score == 0.0
    assert found.reason == "the endpoint answered 201, and only 200 counts: not 200"


def test_an_endpoint_that_never_answered(world: World) -> None:
    found = world.judged(status_code=None, accepted_at=None, error="it did not answer in time", tries=3)[ACCEPTS]
    assert (found.score, found.reason) == (0.0, "no answer came in 3 tries: it did not answer in time")


def test_an_evaluator_that_died_during_the_post_blames_nobody(world: World) -> None:
    world.publish()
    found = world.judged(status_code=None, error="")[ACCEPTS]
    assert found.score is None
    assert "the evaluator was stopped during the POST" in found.reason


def test_a_late_callback_and_by_how_much(world: World) -> None:
    world.publish()
    results = world.judged(late=True, callback_at=SENT + timedelta(minutes=10, seconds=42))
    assert results[IN_TIME].score == 0.0
    assert "42 seconds after the deadline" in results[IN_TIME].reason
    assert results["LICENSE at the root is the MIT licence"].score == 1.0  # the rest is judged all the same


def test_a_second_callback(world: World) -> None:
    world.publish()
    at = SENT + timedelta(minutes=5)
    calls = (NotifyRecord(at, 200, ""), NotifyRecord(at, 200, "a second callback"))
    found = world.judged(calls=lambda: calls)[ONCE]
    assert (found.score, found.reason) == (0.0, "another callback at 12:05:00, answered 200: a second callback")


def test_a_second_callback_that_comes_during_the_judging(world: World) -> None:
    world.publish()
    at = SENT + timedelta(minutes=5)
    first, second = NotifyRecord(at, 200, ""), NotifyRecord(at, 200, "a second callback")
    results = world.judged(calls=lambda: (first, second) if world.pages.asked else (first,))
    assert results[ONCE].score == 0.0
    assert list(results).index(ONCE) == 2


def test_a_callback_with_another_nonce(world: World) -> None:
    world.publish()
    at = SENT + timedelta(minutes=4)
    calls = (NotifyRecord(at, 400, "another nonce"), NotifyRecord(at, 200, ""))
    found = world.judged(calls=lambda: calls)[ONCE]
    assert found.score == 0.0
    assert "another nonce" in found.reason
    assert "12:04:00 200 the one that counts" in found.log


def test_what_we_answered_with_an_error_of_ours_had_to_be_sent_again(world: World) -> None:
    world.publish()
    at = SENT + timedelta(minutes=4)
    calls = (NotifyRecord(at, 503, "the database was busy"), NotifyRecord(at, 200, ""))
    assert world.judged(calls=lambda: calls)[ONCE].score == 1.0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "done"}, "'status' is no field of the contract"),
        ({"commit_sha": "abc1234"}, "commit_sha is no full SHA: 'abc1234'"),
        ({"repo_url": "git@example.com:a/b.git"}, "repo_url is no http(s) address: 'git@example.com:a/b.git'"),
        ({"pages_url": 7}, "pages_url is no http(s) address: '7'"),
    ],
    ids=["extra", "short sha", "ssh", "number"],
)
def test_wrong_fields(world: World, changes: dict[str, object], reason: str) -> None:
    world.publish()
    found = world.judged(callback=world.callback(**changes))[FIELDS]
    assert (found.score, found.reason) == (0.0, reason)


def test_a_missing_field(world: World) -> None:
    world.publish()
    told = world.callback()
    del told["pages_url"]
    results = world.judged(callback=told)
    assert results[FIELDS].reason == "pages_url is missing"
    assert results["pages_url answers 200"].reason == "the callback holds no pages_url"


def test_without_a_callback_every_check_has_its_line(world: World) -> None:
    world.publish()
    criteria = CRITERIA.validate_python(
        ["js: true", "js: 1 < 2", {"file": {"path": "a.txt"}}, {"html": {"ids": ["a"]}}]
    )
    judged = world.judged(criteria=criteria)
    nothing = world.judged(criteria=criteria, callback=None, callback_at=None, calls=tuple)
    assert list(nothing) == list(judged)
    assert all(one.score == 0.0 for one in nothing.values() if one.kind != "request")
    assert all(one.reason for one in nothing.values())
