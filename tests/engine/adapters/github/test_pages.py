"""GitHub Pages: they are enabled, and their builds are read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine.errors import Permanent, Transient
from tests.doubles.github.faults import Fault
from tests.engine.adapters.github.publishing import commit_of, published, spec_of


def test_pages_that_are_on_are_read(double, forge):
    place, _ = published(forge)
    assert forge.enable_pages(replace(place, pages_url="")) == place


@pytest.mark.parametrize("name", ["bad_gateway", "answer_lost"])
def test_pages_switched_on_without_an_answer_are_read(double, forge, name):
    double.fault(name, "pages", when="after")
    place, _ = published(forge)
    assert place.pages_url


def test_pages_without_a_branch_are_tried_again(double, forge):
    place = forge.create(spec_of())
    with pytest.raises(Transient) as refused:
        forge.enable_pages(place)
    assert refused.value.code == "pages_not_ready"
    forge.commit(place, commit_of())
    assert forge.enable_pages(place).pages_url


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("Your current plan does not support GitHub Pages for this repository.", Permanent),
        ("The branch of trip-planner-0a1b2c3d is not ready.", Transient),
        ("acme/plan-0a1b2c3d is not ready.", Transient),
    ],
)
def test_pages_are_refused_for_good_only_by_the_accounts_plan(double, forge, said, error):
    place = forge.create(spec_of())
    forge.commit(place, commit_of())
    double.state.faults.add(Fault(kind="pages", status=422, body=json.dumps({"message": said})))
    with pytest.raises(error):
        forge.enable_pages(place)


def test_a_look_follows_this_commits_build(double, forge):
    place, sha = published(forge)
    double.pass_time(60)
    assert (forge.pages_build(place, sha).status, forge.pages_build(place, sha).commit) == ("built", sha)
    left = double.state.limits.remaining
    assert forge.pages_build(place, sha).build
    assert double.state.limits.remaining == left  # unchanged: 304, free


def test_a_look_tells_why_a_build_failed_and_one_more_can_be_asked_for(double, forge):
    double.fault("errored", "build", message="The tag `x` is not known")
    place, sha = published(forge)
    double.pass_time(60)
    look = forge.pages_build(place, sha)
    assert (look.status, look.detail) == ("errored", "The tag `x` is not known")
    forge.rebuild(place)
    double.pass_time(60)
    again = forge.pages_build(place, sha)
    assert (again.status, again.commit) == ("built", sha)
    assert again.build != look.build


def test_a_look_tells_a_later_commit_from_an_earlier_one(double, forge):
    place, sha = published(forge)
    double.pass_time(60)
    double.fault("never", "build", times=None)
    second = commit_of(sha, message="Round 2")
    assert forge.commit(place, second)
    assert forge.pages_build(place, forge.compute(second)).status in {"queued", "building"}
    double.state.faults.clear()
    double.stranger_commits(place.owner, place.name, {"theirs.txt": b"mine"})
    double.pass_time(60)
    assert forge.pages_build(place, forge.compute(second)).status == "superseded"
    assert forge.pages_build(place, sha).status == "superseded"
