"""The forge on GitHub, against the double: each recovery from what GitHub does in between."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from engine.adapters import git_transport, github_git, github_rest
from engine.adapters.github_forge import GitHubForge
from engine.adapters.system_clock import SystemClock
from engine.errors import OutOfService, Paced, Permanent, Transient
from engine.ports import CommitSpec, Repository, RepositorySpec
from tests.doubles.github import GitHubDouble
from tests.fakes import FakeQuota

if TYPE_CHECKING:
    from collections.abc import Iterator

WHEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FILES = {
    "index.html": b"<!DOCTYPE html><title>T</title>",
    "README.md": b"# T\n",
    ".nojekyll": b"",
    "about.md": b"# About\n",
}


@pytest.fixture
def double() -> Iterator[GitHubDouble]:
    with GitHubDouble(build_seconds=0.0) as running:
        running.state.limits.paced = False
        yield running
        assert running.violations == []


@pytest.fixture
def quota() -> FakeQuota:
    return FakeQuota()


@pytest.fixture
def forge(double: GitHubDouble, quota: FakeQuota) -> GitHubForge:
    return make_forge(double, quota)


def make_forge(double: GitHubDouble, quota: FakeQuota, **over: str) -> GitHubForge:
    given = {"token": double.token, "owner": "", "api_url": double.url} | over
    return GitHubForge(quota=quota, clock=SystemClock(), **given)


def spec_of(name: str = "hello-0badcafe", **over: object) -> RepositorySpec:
    spec = RepositorySpec(name, "0badcafe", "ab" * 32, "A page [0badcafe]", datetime.now(UTC))
    return replace(spec, **over)


def commit_of(parent: str | None = None, **over: object) -> CommitSpec:
    spec = CommitSpec(FILES, parent, "Round 1\n\nTask-Key: abababababababab\n", "Engine <engine@example.com>", WHEN)
    return replace(spec, **over)


def published(forge: GitHubForge) -> tuple[Repository, str]:
    place = forge.create(spec_of())
    spec = commit_of()
    assert forge.commit(place, spec)
    return forge.enable_pages(place), forge.compute(spec)


def test_a_round_is_two_rest_writes_and_one_push_and_the_next_is_a_push_alone(double, forge, quota):
    place, sha = published(forge)
    assert (double.writes, double.pushes) == (2, 1)
    assert double.commits(double.login, "hello-0badcafe") == [sha]
    assert double.files(double.login, "hello-0badcafe") == FILES
    assert place.pages_url.startswith(double.pages_url)
    second = commit_of(sha, files=FILES | {"index.html": b"2"})
    assert forge.head(place) == sha
    assert forge.tree(place, sha) == FILES
    assert forge.commit(place, second)
    assert forge.enable_pages(place) == place
    assert (double.writes, double.pushes) == (2, 2)
    assert double.commits(double.login, "hello-0badcafe") == [forge.compute(second), sha]
    assert quota.keys == ["create Octo-Builder/hello-0badcafe", "pages Octo-Builder/hello-0badcafe"]


def test_every_file_is_at_the_head_byte_for_byte(double, forge, tmp_path):
    files = {
        "photo.png": bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(range(256)),
        "book.xlsx": b"PK\x03\x04" + bytes(range(255, -1, -1)) * 40,
        "sales.csv": b"product,sales\r\nLamp,12.50\r\n",
        "notes.txt": b"one\r\ntwo\r\n\r\n",
        "empty.txt": b"",
        "large.bin": bytes((i * 7919 >> 3) & 255 for i in range(2_000_000)),
        "हिन्दी डेटा.csv": "क,ख\n".encode(),
    }
    place = forge.create(spec_of())
    spec = commit_of(files=files)
    assert forge.commit(place, spec)
    assert forge.tree(place, forge.compute(spec)) == files
    assert double.files(place.owner, place.name) == files
    subprocess.run(["git", "clone", "-q", f"{place.url}.git", tmp_path / "clone"], check=True, timeout=60)
    assert {p.name: p.read_bytes() for p in (tmp_path / "clone").iterdir() if p.is_file()} == files


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


@pytest.mark.parametrize("kind", ["create", "push", "pages"])
def test_a_secondary_limit_is_waited_for_as_long_as_it_says(double, forge, quota, kind):
    double.fault("secondary", kind, seconds=7)
    with pytest.raises(Paced) as refused:
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


def test_a_head_that_moved_is_told_and_not_overwritten(double, forge):
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


@pytest.mark.parametrize(("kind", "named"), [("create", "Administration"), ("push", "Contents"), ("pages", "Pages")])
def test_a_missing_permission_is_named(double, forge, kind, named):
    double.fault("permission", kind)
    with pytest.raises(OutOfService, match=named) as refused:
        published(forge)
    assert (refused.value.code, refused.value.kind) == ("forge_permission_missing", "forge")
    assert "public_repo" in refused.value.message


@pytest.mark.parametrize("act", ["create", "head", "commit", "enable_pages", "look"])
def test_a_revoked_token_closes_the_forge(double, forge, act):
    place, sha = published(forge)
    arguments = {"create": (spec_of("other-0badcafe"),), "commit": (place, commit_of(sha)), "look": (place, sha)}
    double.revoke()
    with pytest.raises(OutOfService) as refused:
        getattr(forge, act)(*arguments.get(act, (replace(place, pages_url=""),)))
    assert refused.value.code == "forge_token_refused"
    assert double.token not in str(refused.value)


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


def test_a_repository_that_is_gone_is_told(double, forge):
    place, sha = published(forge)
    double.delete(place.owner, place.name)
    for act in (lambda: forge.head(place), lambda: forge.tree(place, sha), lambda: forge.commit(place, commit_of(sha))):
        with pytest.raises(Permanent, match=r"hello-0badcafe is gone") as refused:
            act()
        assert refused.value.code == "repository_gone"


def test_a_renamed_repository_is_told_with_its_new_name(double, forge):
    place, _ = published(forge)
    double.rename(place.owner, place.name, "elsewhere")
    with pytest.raises(Permanent, match=r"is called .*/elsewhere by now") as refused:
        forge.head(place)
    assert refused.value.code == "repository_gone"


def test_the_token_goes_to_this_github_only(double, forge):
    double.fault("server_error", "fetch-refs")
    with pytest.raises(Permanent, match="another forge"):
        forge.head(Repository("local", "x", "http://127.0.0.1:1/git/local/x.git"))
    assert double.count("fetch-refs") == 0


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
    monkeypatch.setattr(github_rest, "SECONDS", 1)
    monkeypatch.setattr(github_git, "PUSH_SECONDS", 0.5)
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


def test_a_look_follows_this_commits_build(double, forge):
    place, sha = published(forge)
    double.pass_time(60)
    assert (forge.look(place, sha).status, forge.look(place, sha).commit) == ("built", sha)
    left = double.state.limits.remaining
    assert forge.look(place, sha).build
    assert double.state.limits.remaining == left  # unchanged: 304, free


def test_a_look_tells_why_a_build_failed_and_one_more_can_be_asked_for(double, forge):
    double.fault("errored", "build", message="The tag `x` is not known")
    place, sha = published(forge)
    double.pass_time(60)
    look = forge.look(place, sha)
    assert (look.status, look.detail) == ("errored", "The tag `x` is not known")
    forge.rebuild(place)
    double.pass_time(60)
    again = forge.look(place, sha)
    assert (again.status, again.commit) == ("built", sha)
    assert again.build != look.build


def test_a_look_tells_a_later_commit_from_an_earlier_one(double, forge):
    place, sha = published(forge)
    double.pass_time(60)
    double.fault("never", "build", times=None)
    second = commit_of(sha, message="Round 2")
    assert forge.commit(place, second)
    assert forge.look(place, forge.compute(second)).status in {"queued", "building"}
    double.state.faults.clear()
    double.stranger_commits(place.owner, place.name, {"theirs.txt": b"mine"})
    double.pass_time(60)
    assert forge.look(place, forge.compute(second)).status == "superseded"
    assert forge.look(place, sha).status == "superseded"


def test_a_task_without_rows_is_found_by_its_trailer(double, forge):
    place, _ = published(forge)
    double.take_name(double.login, "hello-world")
    assert forge.find(slug="hello", task_key="ab" * 32) == place
    assert forge.find(slug="hello", task_key="cd" * 32) is None
    assert forge.find(slug="hel", task_key="ab" * 32) is None


def test_the_token_is_tried(double, forge, quota):
    credential = forge.credential()
    assert double.login in credential.detail
    double.revoke()
    with pytest.raises(OutOfService):
        forge.credential()
    double.restore()
    double.state.scopes = "gist"
    with pytest.raises(Permanent, match="gist"):
        forge.credential()
    double.state.scopes = "repo"
    with pytest.raises(Permanent, match="knows no account nobody"):
        make_forge(double, quota, owner="nobody").credential()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("failed to update ref", "push_refused"),
        (
            "refusing to allow a Personal Access Token to create or update workflow `w.yml` without `workflow` scope",
            "forge_permission_missing",
        ),
        ("pre-receive hook declined", "push_refused"),
    ],
)
def test_a_push_that_the_server_does_not_take_says_what_kind_of_no_it_is(double, forge, quota, monkeypatch, said, code):
    place = forge.create(spec_of())
    monkeypatch.setattr(github_git.GitHubGit, "push", lambda *_: github_git.Pushed(None, sent=True, refused=said))
    with pytest.raises((Transient, Permanent)) as refused:
        forge.commit(place, commit_of())
    assert refused.value.code == code
    assert isinstance(refused.value, Permanent) is ("declined" in said)
    assert ("Workflows" in refused.value.message) is ("workflow" in said)
