"""Pushes to GitHub: recoveries from concurrent changes, and refusals."""

from __future__ import annotations

import pytest

from engine.adapters.github import git, git_transport, rest
from engine.errors import OutOfService, Permanent, Transient
from tests.engine.adapters.github.publishing import FILES, commit_of, make_forge, published, spec_of


def test_a_push_that_fails_twice_is_made_on_the_third(double, forge):
    double.fault("server_error", "push", times=2)
    place = forge.create(spec_of())
    for _ in range(2):
        with pytest.raises(Transient):
            forge.commit(place, commit_of())
    assert forge.commit(place, commit_of())
    assert len(double.commits(place.owner, place.name)) == 1


def test_a_push_whose_answer_is_lost_is_found_at_the_head(double, forge):
    place = forge.create(spec_of())
    double.fault("answer_lost", "push")
    assert forge.commit(place, commit_of())
    assert len(double.commits(place.owner, place.name)) == 1
    assert forge.commit(place, commit_of())  # a replay
    assert len(double.commits(place.owner, place.name)) == 1


def test_a_lost_answer_with_a_strangers_commit_on_top_is_found_below_the_head(double, forge):
    place = forge.create(spec_of())
    double.fault("lost_and_stranger", "push")
    assert forge.commit(place, commit_of())
    assert len(double.commits(place.owner, place.name)) == 2


def test_a_head_that_moved_is_reported_and_not_overwritten(double, forge):
    place, sha = published(forge)
    theirs = double.stranger_commits(place.owner, place.name, {"theirs.txt": b"mine"})
    assert not forge.commit(place, commit_of(sha, message="Round 2"))
    assert forge.head(place) == theirs
    assert forge.tree(place, theirs) == FILES | {"theirs.txt": b"mine"}
    assert forge.tree(place, sha) == FILES


def test_a_head_that_moves_in_the_middle_of_a_push_is_not_overwritten(double, forge):
    place, sha = published(forge)
    double.fault("head_moved", "push")
    assert not forge.commit(place, commit_of(sha, message="Round 2"))
    assert len(double.commits(place.owner, place.name)) == 2


def test_push_protection_is_a_verdict_with_githubs_words(double, forge):
    place = forge.create(spec_of())
    double.fault("secret", "push")
    with pytest.raises(Permanent) as refused:
        forge.commit(place, commit_of())
    assert refused.value.code == "push_protection"
    assert "GH013" in refused.value.message


def test_a_new_repository_that_is_not_everywhere_yet_is_waited_for(double, forge):
    place = forge.create(spec_of())
    double.fault("not_found", "push-refs")
    with pytest.raises(Transient) as refused:
        forge.commit(place, commit_of())
    assert (refused.value.code, refused.value.retry_after) == ("forge_not_ready", 2.0)
    assert forge.commit(place, commit_of())


def test_an_old_repository_that_takes_no_push_lacks_a_permission(double, forge):
    place = forge.create(spec_of())
    repo = double.state.get(place.owner, place.name)
    repo.created -= 600
    double.fault("not_found", "push-refs")
    with pytest.raises(OutOfService, match="Contents"):
        forge.commit(place, commit_of())


def test_a_server_that_hangs_is_given_up(double, quota, monkeypatch):
    monkeypatch.setattr(rest, "SECONDS", 1)
    monkeypatch.setattr(git, "PUSH_SECONDS", 0.5)
    monkeypatch.setattr(git_transport, "STALL", 0.5)
    forge = make_forge(double, quota)
    double.fault("hang", "create")
    with pytest.raises(Transient, match="did not answer"):
        forge.create(spec_of())
    place = forge.create(spec_of())
    double.fault("hang", "push")
    with pytest.raises(Transient, match="did not answer"):
        forge.commit(place, commit_of())
    assert forge.commit(place, commit_of())


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("failed to update ref", "push_refused"),
        (
            "refusing to allow a Personal Access Token to create or update workflow `w.yml` without `workflow` scope",
            "workflow_refused",
        ),
        ("pre-receive hook declined", "push_refused"),
    ],
)
def test_a_push_that_the_server_does_not_take_says_what_kind_of_no_it_is(double, forge, quota, monkeypatch, said, code):
    place = forge.create(spec_of())
    monkeypatch.setattr(git.GitHubGit, "push", lambda *_: git.Pushed(None, sent=True, refused=said))
    with pytest.raises((Transient, Permanent)) as refused:
        forge.commit(place, commit_of())
    assert refused.value.code == code
    assert isinstance(refused.value, Permanent) is ("failed" not in said)
    assert ("Workflows" in refused.value.message) is ("workflow" in said)
