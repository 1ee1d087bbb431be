from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from engine.adapters.local.local_forge import LocalForge
from engine.adapters.local.pages import PageFile, Redirect
from engine.domain.publication import RunState
from engine.domain.repository import CommitSpec, PagesBuild, PagesSource, Reach, Repository, RepositorySpec
from engine.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ORIGIN = "http://127.0.0.1:8000"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SPEC = RepositorySpec("page-1234abcd", "1234abcd", "f" * 64, "A page (1234abcd)", LONG_AGO)


@pytest.fixture
def forge(tmp_path: Path) -> LocalForge:
    return LocalForge(tmp_path / "repositories", pages_origin=ORIGIN)


def commit_of(files: Mapping[str, bytes], parent: str | None = None, message: str = "m") -> CommitSpec:
    return CommitSpec(files, parent, message, "S <s@example.com>", LONG_AGO)


def published(forge: LocalForge, files: Mapping[str, bytes]) -> Repository:
    repository = forge.create(SPEC)
    assert forge.commit(repository, commit_of(files))
    return forge.enable_pages(repository)


def ref_of(tmp_path: Path, suffix: str = "") -> Path:
    return tmp_path / f"repositories/local/page-1234abcd.git/refs/heads/main{suffix}"


# --- Repositories -----------------------------------------------------------------------------------------------------


def test_new_repository_is_empty_and_without_pages(forge: LocalForge, tmp_path: Path) -> None:
    repository = forge.create(SPEC)
    assert repository == Repository("local", "page-1234abcd", f"{ORIGIN}/git/local/page-1234abcd.git")
    assert forge.head(repository) is None
    assert (tmp_path / "repositories/local/page-1234abcd.git/HEAD").read_text() == "ref: refs/heads/main\n"


def test_same_round_gets_its_own_repository_again(forge: LocalForge) -> None:
    assert forge.create(SPEC) == forge.create(SPEC)


@pytest.mark.parametrize("stranger", [{"round_hash": "00000000"}, {"task_key": "0" * 64}])
def test_name_held_by_another_gets_a_number(forge: LocalForge, stranger: Mapping[str, str]) -> None:
    forge.create(replace(SPEC, **stranger))
    assert [forge.create(SPEC).name, forge.create(SPEC).name] == ["page-1234abcd-2"] * 2


def test_folder_that_is_no_repository_is_a_strangers(forge: LocalForge, tmp_path: Path) -> None:
    (tmp_path / "repositories/local/page-1234abcd.git/precious").mkdir(parents=True)
    assert forge.create(SPEC).name == "page-1234abcd-2"


def test_repository_older_than_the_request_is_not_adopted(forge: LocalForge) -> None:
    forge.create(SPEC)
    later = replace(SPEC, not_before=datetime.now(UTC) + timedelta(hours=1))
    assert forge.create(later).name == "page-1234abcd-2"


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".hidden", "", "x" * 101, "a\n"])
def test_name_that_is_no_name_is_refused(forge: LocalForge, name: str, tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="bad_name"):
        forge.create(replace(SPEC, name=name))
    assert not (tmp_path / "x.git").exists()


def test_threads_that_create_the_same_make_one(forge: LocalForge, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(forge.create, [SPEC] * 8))
    assert len(made) == 1
    assert [path.name for path in (tmp_path / "repositories/local").iterdir()] == ["page-1234abcd.git"]


def test_newest_repository_of_a_task_with_a_commit_is_found(forge: LocalForge) -> None:
    for round_hash in ("11111111", "22222222", "33333333"):
        repository = forge.create(replace(SPEC, name=f"page-{round_hash}", round_hash=round_hash))
        if round_hash != "33333333":
            forge.commit(repository, commit_of({"a": b""}))
    forge.commit(forge.create(replace(SPEC, name="page-0", task_key="0" * 64)), commit_of({"a": b""}))
    found = forge.find(slug="page", task_key=SPEC.task_key)
    assert found is not None
    assert found.name == "page-22222222"
    assert forge.find(slug="other", task_key=SPEC.task_key) is None


def test_repository_that_is_gone_is_an_error(forge: LocalForge) -> None:
    gone = Repository("local", "nothing", "")
    for ask in (forge.head, lambda place: forge.pages_build(place, "0" * 40), forge.enable_pages):
        with pytest.raises(Permanent, match="repository_gone"):
            ask(gone)


# --- Commits ----------------------------------------------------------------------------------------------------------


def test_commit_becomes_the_head_and_holds_its_files(forge: LocalForge) -> None:
    repository, spec = forge.create(SPEC), commit_of({"index.html": b"1", "a/b": b"2"})
    assert forge.commit(repository, spec)
    assert forge.head(repository) == forge.compute(spec)
    assert forge.tree(repository, forge.compute(spec)) == spec.files


def test_replay_is_success_also_after_the_next_commit(forge: LocalForge) -> None:
    repository, first = forge.create(SPEC), commit_of({"a": b"1"})
    second = commit_of({"a": b"2"}, forge.compute(first))
    assert [forge.commit(repository, spec) for spec in (first, first, second, first)] == [True] * 4
    assert forge.head(repository) == forge.compute(second)


def test_head_that_has_moved_is_left_alone(forge: LocalForge) -> None:
    repository, first = forge.create(SPEC), commit_of({"a": b"1"})
    theirs, ours = (commit_of({"a": content}, forge.compute(first)) for content in (b"theirs", b"ours"))
    assert forge.commit(repository, first)
    assert forge.commit(repository, theirs)
    assert not forge.commit(repository, ours)
    assert not forge.commit(repository, commit_of({"a": b"another first"}))
    assert forge.head(repository) == forge.compute(theirs)


@pytest.mark.parametrize("first", [True, False])
def test_exactly_one_of_many_writers_on_one_parent_wins(tmp_path: Path, first: bool) -> None:
    # Each writer has a forge of its own, as each worker process has.
    repository = LocalForge(tmp_path, pages_origin=ORIGIN).create(SPEC)
    base = commit_of({"a": b"base"})
    parent = None
    if not first:
        LocalForge(tmp_path, pages_origin=ORIGIN).commit(repository, base)
        parent = LocalForge(tmp_path, pages_origin=ORIGIN).head(repository)
    specs = [commit_of({"a": str(writer).encode()}, parent) for writer in range(12)]
    with ThreadPoolExecutor(12) as pool:
        won = list(pool.map(lambda spec: LocalForge(tmp_path, pages_origin=ORIGIN).commit(repository, spec), specs))
    forge = LocalForge(tmp_path, pages_origin=ORIGIN)
    assert won.count(True) == 1
    assert forge.head(repository) == forge.compute(specs[won.index(True)])


def test_lock_of_a_killed_writer_is_taken_over(forge: LocalForge, tmp_path: Path) -> None:
    repository = forge.create(SPEC)
    lock = ref_of(tmp_path, ".lock")
    lock.touch()
    os.utime(lock, (0, 0))
    assert forge.commit(repository, commit_of({"a": b"1"}))


def test_lock_of_a_living_writer_is_respected(forge: LocalForge, tmp_path: Path) -> None:
    repository = forge.create(SPEC)
    ref_of(tmp_path, ".lock").touch()
    with pytest.raises(Transient, match="ref_locked"):
        forge.commit(repository, commit_of({"a": b"1"}))
    assert forge.head(repository) is None


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_pages_are_built_once_they_are_on_and_something_is_committed(forge: LocalForge) -> None:
    repository = forge.create(SPEC)
    assert forge.pages_build(repository, "0" * 40).status == "queued"
    forge.commit(repository, commit_of({"index.html": b"hello"}))
    assert forge.pages_build(repository, "0" * 40).status == "queued"
    assert forge.page("local", repository.name, "") is None
    assert forge.enable_pages(repository) == forge.enable_pages(repository)
    assert forge.enable_pages(repository).pages_url == f"{ORIGIN}/pages/local/{repository.name}/"
    assert forge.pages_build(repository, "0" * 40) == PagesBuild("built", forge.head(repository))
    assert isinstance(forge.page("local", repository.name, ""), PageFile)


SITE = {
    "index.html": b"home",
    "about.html": b"about",
    "docs/index.html": b"docs",
    "js/app.mjs": b"1",
    "data.csv": b"a,b",
    "LICENSE": b"MIT",
    "404.html": b"lost",
}


@pytest.mark.parametrize(
    ("path", "content", "media_type", "status"),
    [
        ("", b"home", "text/html; charset=utf-8", 200),
        ("index.html", b"home", "text/html; charset=utf-8", 200),
        ("about", b"about", "text/html; charset=utf-8", 200),
        ("docs/", b"docs", "text/html; charset=utf-8", 200),
        ("js/app.mjs", b"1", "text/javascript; charset=utf-8", 200),
        ("data.csv", b"a,b", "text/csv; charset=utf-8", 200),
        ("LICENSE", b"MIT", "application/octet-stream", 200),
        ("nothing", b"lost", "text/html; charset=utf-8", 404),
        ("js", b"lost", "text/html; charset=utf-8", 404),
        ("js/", b"lost", "text/html; charset=utf-8", 404),
        ("Index.html", b"lost", "text/html; charset=utf-8", 404),
        ("docs/../index.html", b"lost", "text/html; charset=utf-8", 404),
        ("../page-1234abcd.git/config", b"lost", "text/html; charset=utf-8", 404),
        ("docs//index.html", b"lost", "text/html; charset=utf-8", 404),
        ("/etc/passwd", b"lost", "text/html; charset=utf-8", 404),
        ("index.html/x", b"lost", "text/html; charset=utf-8", 404),
        ("\ud800", b"lost", "text/html; charset=utf-8", 404),
    ],
)
def test_path_is_served_as_github_pages_serves_it(
    forge: LocalForge, path: str, content: bytes, media_type: str, status: int
) -> None:
    page = forge.page("local", published(forge, SITE).name, path)
    assert isinstance(page, PageFile)
    assert (page.content, page.media_type, page.status) == (content, media_type, status)


def test_folder_without_its_slash_is_redirected(forge: LocalForge) -> None:
    assert forge.page("local", published(forge, SITE).name, "docs") == Redirect("docs/")


def test_nothing_there_and_no_error_page_is_none(forge: LocalForge) -> None:
    assert forge.page("local", published(forge, {"index.html": b""}).name, "nothing") is None


def test_page_is_the_new_commits_at_once(forge: LocalForge) -> None:
    repository = published(forge, {"index.html": b"old"})
    forge.commit(repository, commit_of({"index.html": b"new"}, forge.head(repository)))
    page = forge.page("local", repository.name, "")
    assert isinstance(page, PageFile)
    assert page.content == b"new"


@pytest.mark.parametrize(
    ("owner", "name"), [("local", "other"), ("other", "page-1234abcd"), ("..", "x"), ("local", "../x"), ("", "")]
)
def test_unknown_site_is_none(forge: LocalForge, owner: str, name: str) -> None:
    published(forge, SITE)
    assert forge.page(owner, name, "") is None


# --- Workflows --------------------------------------------------------------------------------------------------------


def test_no_workflow_is_run_and_the_forge_says_so_while_its_page_is_served(forge: LocalForge) -> None:
    repository = forge.create(SPEC)
    by_workflow = forge.enable_pages(repository, PagesSource.WORKFLOW)
    assert by_workflow.pages_source is PagesSource.WORKFLOW
    forge.commit(repository, commit_of({"index.html": b"hello", ".github/workflows/ci.yml": b"on: push"}))
    run = forge.workflow_run(by_workflow, forge.head(repository) or "", (".github/workflows/ci.yml",))
    assert (run.state, run.detail) == (RunState.NOT_RUN, "the local forge runs no workflows")
    assert forge.run_failure(by_workflow, run).job == ""
    assert isinstance(forge.page("local", repository.name, ""), PageFile)


def test_a_commit_takes_the_place_of_the_head_that_it_names(forge: LocalForge) -> None:
    repository = published(forge, {"index.html": b"failed"})
    head = forge.head(repository)
    instead = replace(commit_of({"index.html": b"repaired"}), replaces=head)
    assert forge.commit(repository, instead)
    assert forge.head(repository) == forge.compute(instead) != head
    assert not forge.commit(repository, replace(commit_of({"index.html": b"late"}), replaces=head))


@pytest.mark.parametrize("reach", Reach)
def test_a_page_that_is_taken_down_is_marked_for_every_process_until_it_is_put_back(
    tmp_path: Path, reach: Reach
) -> None:
    forge = LocalForge(tmp_path, pages_origin="http://127.0.0.1:8000")
    place = forge.create(SPEC)
    other = LocalForge(tmp_path, pages_origin="http://127.0.0.1:8000")
    assert other.taken_down(place.owner, place.name) is None
    for _ in range(2):
        forge.take_down(place, reach)
        assert other.taken_down(place.owner, place.name) is reach
    for _ in range(2):
        forge.put_back(place, reach)
        assert other.taken_down(place.owner, place.name) is None
    forge.take_down(replace(place, name="gone"), reach)
    with pytest.raises(Permanent, match="repository_gone"):
        forge.put_back(replace(place, name="gone"), reach)
