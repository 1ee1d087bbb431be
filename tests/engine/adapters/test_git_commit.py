from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from dulwich.object_store import MemoryObjectStore
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from engine.adapters.git_commit import build_commit, read_tree
from engine.domain.repository import CommitSpec
from engine.errors import Permanent
from tests import stock_git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WHEN = datetime(2026, 11, 23, 7, 0, 0, 250_000, tzinfo=UTC)
FILES = {
    "index.html": b"<p>\xc3\xa4</p>",
    "a.b": b"sorts before the folder a",
    "a/b/deep.js": b"1",
    "a/data.bin": bytes(range(256)),
    "a0": b"",
    ".nojekyll": b"",
    "\u00fcber.txt": b"x",
}


def spec(
    files: Mapping[str, bytes] = FILES, parent: str | None = None, message: str = "Add the page\n\nRound 1"
) -> CommitSpec:
    return CommitSpec(files, parent, message, "The Service <service@example.com>", WHEN)


def git(folder: Path, *arguments: str) -> str:
    """Run git as the one who makes the commit under test."""
    who = {"NAME": "The Service", "EMAIL": "service@example.com", "DATE": f"{int(WHEN.timestamp())} +0000"}
    made = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in who.items()}
    done = stock_git.git(folder, *arguments, **made)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.processes
def test_sha_is_the_one_that_git_gives(tmp_path: Path) -> None:
    for path, content in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", spec().message)
    first = git(tmp_path, "rev-parse", "HEAD")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "Again")
    assert build_commit(spec()).sha == first
    assert build_commit(spec(parent=first, message="Again")).sha == git(tmp_path, "rev-parse", "HEAD")


@pytest.mark.processes
def test_objects_make_a_repository_that_git_finds_sound(tmp_path: Path) -> None:
    built = build_commit(spec())
    with Repo.init_bare(tmp_path) as repo:
        repo.object_store.add_objects([(made, None) for made in built.objects])
        repo.refs[Ref(b"refs/heads/main")] = ObjectID(built.sha.encode())
        assert read_tree(repo.object_store, built.sha) == FILES
    git(tmp_path, "fsck", "--strict", "--full")
    listed = git(tmp_path, "-c", "core.quotepath=off", "ls-tree", "-r", "main").splitlines()
    assert {line.split("\t")[1] for line in listed} == set(FILES)
    assert all(line.startswith("100644 blob") for line in listed)


def test_order_of_files_does_not_matter() -> None:
    assert build_commit(spec(dict(reversed(FILES.items())))).sha == build_commit(spec()).sha


def test_equal_contents_are_stored_once() -> None:
    built = build_commit(spec({"a.txt": b"same", "b/c.txt": b"same"}))
    assert len(built.objects) == len({made.id for made in built.objects}) == 4


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/abs",
        "a/",
        "a//b",
        ".",
        "..",
        "../x",
        "a/../../x",
        "a/./b",
        ".git",
        ".git/config",
        ".GIT/hooks/x",
        "a/.Git/x",
        ".git./x",
        ".git /x",
        ".git:stream",
        "git~1/config",
        ".g\u200cit/config",
        "\ufeff.git/x",
        "\uff0egit/x",
        "a\\b",
        "a\nb",
        "a\x00b",
        "a\x7fb",
        "\ud800",
        "x" * 256,
        "\u00e4" * 128,
        "/".join(["folder"] * 200),
    ],
)
def test_unsafe_path_is_refused(path: str) -> None:
    with pytest.raises(Permanent, match="unsafe_path"):
        build_commit(spec({"index.html": b"", path: b"x"}))


@pytest.mark.parametrize(
    "path", [".gitignore", ".github/workflows/x.yml", "a..b", "git", "x.git", "...", "a b.txt", "CON"]
)
def test_unusual_but_sound_path_is_kept(path: str) -> None:
    assert build_commit(spec({path: b"x"})).sha


def test_name_cannot_be_file_and_folder() -> None:
    with pytest.raises(Permanent, match="unsafe_path"):
        build_commit(spec({"a": b"", "a/b": b""}))


@pytest.mark.parametrize("author", ["nobody", "A <a@b>\nparent 1", "A <a b>", "<a@b>", "A <a@b> x"])
def test_author_that_would_break_the_commit_is_refused(author: str) -> None:
    with pytest.raises(Permanent, match="bad_commit"):
        build_commit(CommitSpec({"a": b""}, None, "m", author, WHEN))


def test_links_submodules_and_foreign_encodings_are_not_read() -> None:
    store = MemoryObjectStore()
    blob, tree, commit = Blob.from_string(b"x"), Tree(), Commit()
    for name, mode in ((b"kept", 0o100755), (b"link", 0o120000), (b"sub", 0o160000), (b"\xff", 0o100644)):
        tree.add(name, mode, blob.id)
    commit.tree, commit.message = tree.id, b"m"
    commit.author = commit.committer = b"A <a@b>"
    commit.author_time = commit.commit_time = commit.author_timezone = commit.commit_timezone = 0
    store.add_objects([(made, None) for made in (blob, tree, commit)])
    assert read_tree(store, commit.id.decode()) == {"kept": b"x"}


def test_commit_that_is_not_there_is_an_error() -> None:
    with pytest.raises(Permanent, match="commit_missing"):
        read_tree(MemoryObjectStore(), "0" * 40)
