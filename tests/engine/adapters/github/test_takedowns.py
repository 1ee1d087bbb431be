"""A page is taken down and put back, against the double: what is written, and what GitHub may refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.domain.repository import Reach
from engine.errors import OutOfService, Permanent, Transient
from tests.doubles.github.faults import Fault
from tests.engine.adapters.github.publishing import published, spec_of

FIELDS = {Reach.PAGES: (False, False), Reach.PRIVATE: (True, False), Reach.ARCHIVE: (False, True)}


def inside(double, place):
    return double.state.find(place.owner, place.name)


@pytest.mark.parametrize("reach", Reach)
def test_pages_go_and_come_back_and_a_repeated_call_writes_nothing(double, forge, quota, reach):
    place, sha = published(forge)
    for _ in range(2):
        forge.take_down(place, reach)
        repo = inside(double, place)
        assert repo.source is None
        assert (repo.private, repo.archived) == FIELDS[reach]
    for _ in range(2):
        forge.put_back(place, reach)
        repo = inside(double, place)
        assert repo.source is not None
        assert (repo.private, repo.archived) == (False, False)
    double.pass_time(60)
    build = forge.pages_build(place, sha)
    assert (build.status, build.commit) == ("built", sha)


@pytest.mark.parametrize("fault", ["bad_gateway", "answer_lost"])
def test_a_takedown_whose_answer_was_lost_is_repeated(double, forge, fault):
    place, _ = published(forge)
    double.fault(fault, "edit", when="after")
    with pytest.raises(Transient):
        forge.take_down(place, Reach.ARCHIVE)
    forge.take_down(place, Reach.ARCHIVE)
    assert inside(double, place).archived


def test_pages_that_are_off_already_are_no_error(double, forge):
    place, _ = published(forge)
    double.add(Fault(status=404, kind="pages", method="DELETE", body='{"message": "Not Found", "status": "404"}'))
    forge.take_down(place, Reach.PAGES)


def test_a_repository_that_is_gone_has_no_page_and_cannot_be_put_back(double, forge):
    place, _ = published(forge)
    double.state.delete(inside(double, place))
    forge.take_down(place, Reach.PRIVATE)
    with pytest.raises(Permanent, match="repository_gone"):
        forge.put_back(place, Reach.PRIVATE)


def test_a_repository_that_takes_no_changes_is_refused_and_not_gone(double, forge):
    place, _ = published(forge)
    forge.take_down(place, Reach.PAGES)
    inside(double, place).archived = True
    with pytest.raises(Permanent, match=r"takedown_refused: .*archived"):
        forge.put_back(place, Reach.PAGES)


@pytest.mark.parametrize(("status", "error"), [(409, Transient), (422, Permanent)])
def test_a_refusal_is_quoted_and_a_conflict_is_tried_again(double, forge, status, error):
    place, _ = published(forge)
    body = '{"message": "Deactivating GitHub Pages is not allowed", "documentation_url": "https://docs.github.com"}'
    double.add(Fault(status=status, kind="pages", method="DELETE", body=body))
    with pytest.raises(error, match="Deactivating GitHub Pages is not allowed") as caught:
        forge.take_down(place, Reach.PAGES)
    assert not isinstance(caught.value, OutOfService)


@pytest.mark.parametrize(("lacking", "reach"), [("pages", Reach.PAGES), ("administration", Reach.PRIVATE)])
def test_a_token_without_the_permission_is_a_sentence_that_names_it(double, forge, lacking, reach):
    place, _ = published(forge)
    double.state.lacking.add(lacking)
    with pytest.raises(OutOfService, match="Pages: write and Administration: write") as caught:
        forge.take_down(place, reach)
    assert caught.value.code == "forge_permission_missing"


def test_a_repository_of_another_forge_gets_no_request(double, forge):
    del double
    place = replace(forge.create(spec_of()), url="http://127.0.0.1:9/git/local/x.git")
    with pytest.raises(Permanent, match="another forge"):
        forge.take_down(place, Reach.PAGES)
