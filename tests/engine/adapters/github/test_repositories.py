"""Repositories on GitHub: created once, adopted later, reported when they are deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import OutOfService, Permanent, Transient
from tests.engine.adapters.github.publishing import commit_of, make_forge, published, spec_of


@pytest.mark.parametrize("name", ["bad_gateway", "reset", "server_error"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_create_that_nobody_knows_the_end_of_is_adopted_or_done_once(double, forge, name, when):
    double.fault(name, "create", when=when)
    if when == "before":
        with pytest.raises(Transient) as refused:
            forge.create(spec_of())
        assert not isinstance(refused.value, OutOfService)
    place = forge.create(spec_of())
    assert double.repositories() == [f"{place.owner}/{place.name}"]


def test_a_replayed_create_adopts_its_own_repository(double, forge):
    spec = spec_of()
    assert forge.create(spec) == forge.create(spec)
    assert len(double.repositories()) == 1


def test_a_strangers_name_is_left_alone(double, forge):
    double.take_name(double.login, "hello-0badcafe")
    assert forge.create(spec_of()).name == "hello-0badcafe-2"
    assert double.writes == 1  # none was spent on the stranger's name


def test_a_repository_older_than_the_request_is_not_adopted(double, forge):
    forge.create(spec_of())
    later = spec_of(not_before=datetime.now(UTC) + timedelta(minutes=5))
    assert forge.create(later).name == "hello-0badcafe-2"


def test_an_organisations_repositories_are_made_there(double, quota):
    forge = make_forge(double, quota, owner=double.organisation)
    assert forge.create(spec_of()).owner == double.organisation


def test_a_deleted_repository_is_reported(double, forge):
    place, sha = published(forge)
    double.delete(place.owner, place.name)
    for act in (lambda: forge.head(place), lambda: forge.tree(place, sha), lambda: forge.commit(place, commit_of(sha))):
        with pytest.raises(Permanent, match=r"hello-0badcafe is gone") as refused:
            act()
        assert refused.value.code == "repository_gone"


def test_a_renamed_repository_is_reported_with_its_new_name(double, forge):
    place, _ = published(forge)
    double.rename(place.owner, place.name, "elsewhere")
    with pytest.raises(Permanent, match=r"is called .*/elsewhere by now") as refused:
        forge.head(place)
    assert refused.value.code == "repository_gone"


def test_a_task_without_rows_is_found_by_its_trailer(double, forge):
    place, _ = published(forge)
    double.take_name(double.login, "hello-world")
    assert forge.find(slug="hello", task_key="ab" * 32) == place
    assert forge.find(slug="hello", task_key="cd" * 32) is None
    assert forge.find(slug="hel", task_key="ab" * 32) is None
