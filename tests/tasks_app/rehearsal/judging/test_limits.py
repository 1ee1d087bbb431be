"""Repositories that are made to hurt whoever reads them."""

from __future__ import annotations

import io
import time
import zlib
from typing import TYPE_CHECKING

import pytest
from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.pack import write_pack_objects

from tasks_app.rehearsal.judging.clones import DEEPEST, MOST_FILES, ClonedRepository
from tasks_app.rehearsal.judging.observed import NotLookedAt
from tasks_app.rehearsal.judging.packs import CloneLimits, measure
from tests.doubles.http_server import HttpServer, Script
from tests.stock_git import git
from tests.tasks_app.rehearsal.judging.test_repositories import HISTORY, LICENCE, PUBLIC
from tests.tasks_app.rehearsal.judging.world import FILES, MAIN, new_repository, tools_for, tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tasks_app.rehearsal.judging.world import World

NOISE = b"".join(zlib.crc32(bytes([n % 256, n // 256])).to_bytes(4) for n in range(50_000))


def measured(tmp_path: Path, pack: bytes, limits: CloneLimits) -> str:
    """Return why a pack is refused, "" if it is not."""
    path = tmp_path / "one.pack"
    path.write_bytes(pack)
    with path.open("rb") as file:
        try:
            measure(file, limits, time.monotonic() + 60)
        except NotLookedAt as refused:
            return refused.reason
    return ""


def pack_of(*blobs: bytes) -> bytes:
    out = io.BytesIO()
    write_pack_objects(
        out.write,
        [(Blob.from_string(one), None) for one in blobs],
        deltify=len(blobs) > 1,
        object_format=DEFAULT_OBJECT_FORMAT,
    )
    return out.getvalue()


def head(kind: int, size: int) -> bytes:
    """Return the first bytes of an object in a pack."""
    first, size = kind << 4 | size & 15, size >> 4
    made = bytearray()
    while size:
        made.append(first | 0x80)
        first, size = size & 0x7F, size >> 7
    return bytes([*made, first])


def test_a_pack_with_deltas_is_measured(tmp_path: Path) -> None:
    pack = pack_of(NOISE, NOISE + b"more", NOISE + b"other")
    assert len(pack) < 2 * len(NOISE)
    assert measured(tmp_path, pack, CloneLimits()) == ""
    assert "1 MB unpacked" in measured(tmp_path, pack, CloneLimits(unpacked_bytes=len(NOISE) * 3 + 4))


@pytest.mark.processes
def test_a_pack_of_stock_git(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    for number in range(4):
        (tmp_path / "numbers.txt").write_text("".join(f"{n}\n" for n in range(30_000 + number)))
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-qm", f"Number {number}")
    git(tmp_path, "gc", "-q")
    [pack] = (tmp_path / ".git/objects/pack").glob("*.pack")
    assert measured(tmp_path, pack.read_bytes(), CloneLimits()) == ""
    assert "too large" in measured(tmp_path, pack.read_bytes(), CloneLimits(unpacked_bytes=400_000))


def test_a_pack_of_large_blobs_that_compress_well(tmp_path: Path) -> None:
    lines = b"".join(b"%d\n" % number for number in range(40_000))
    assert measured(tmp_path, pack_of(lines, b"small", lines[:-9], bytes(700_000)), CloneLimits()) == ""


def test_a_blob_that_unpacks_to_more_than_it_says(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(10_000_000))
    pack = b"PACK" + (2).to_bytes(4) + (1).to_bytes(4) + head(3, 100) + bomb + bytes(20)
    assert measured(tmp_path, pack, CloneLimits()) == "the repository's pack is damaged"


def test_a_large_blob_in_a_small_pack(tmp_path: Path) -> None:
    found = measured(tmp_path, pack_of(bytes(3_000_000)), CloneLimits(object_bytes=2_000_000))
    assert found == "the repository is too large to be judged: an object of 3 MB"


def test_a_delta_that_makes_more_than_it_says(tmp_path: Path) -> None:
    delta = b"\x01\x01" + b"\x80" * 2_000  # each copies 64 KB
    content = head(7, len(delta)) + bytes(20) + zlib.compress(delta)
    pack = b"PACK" + (2).to_bytes(4) + (1).to_bytes(4) + content + bytes(20)
    assert "an object of more than 100 MB" in measured(tmp_path, pack, CloneLimits())


@pytest.mark.parametrize("cut", [5, 40, 200])
def test_a_pack_that_is_cut_off(tmp_path: Path, cut: int) -> None:
    assert measured(tmp_path, pack_of(NOISE)[:cut], CloneLimits()) == "the repository's pack is damaged"


def test_too_many_objects(tmp_path: Path) -> None:
    pack = pack_of(*(b"%d" % number for number in range(30)))
    assert "30 objects, more than 20" in measured(tmp_path, pack, CloneLimits(objects=20))


def test_a_repository_that_is_too_large_while_it_streams(world: World) -> None:
    world.publish(FILES | {"noise.bin": NOISE})
    results = world.judged(tools=tools_for(clone=CloneLimits(pack_bytes=100_000)))
    reason = "the repository is too large to be judged: more than 0 MB came"
    for check in (LICENCE, HISTORY):
        assert (results[check].score, results[check].reason) == (0.0, reason)
    assert results[PUBLIC].score == 1.0
    assert results[PUBLIC].reason == f"it can be read without credentials, but {reason}"
    assert results["pages_url answers 200"].score == 1.0


def test_an_endless_list_of_refs(world: World) -> None:
    world.publish()
    path = "/repo/info/refs?service=git-upload-pack"
    headers = {"Content-Type": "application/x-git-upload-pack-advertisement"}
    with HttpServer(
        {path: Script(headers=headers, body=b"001e# service=git-upload-pack\n0000" + bytes(9_000_000))}
    ) as one:
        found = world.judged(callback=world.callback(repo_url=one.url("/repo")))[LICENCE]
    assert (found.score, "too large" in found.reason) == (0.0, True)


def test_a_server_that_does_not_speak_git(world: World) -> None:
    world.publish()
    page = Script(headers={"Content-Type": "text/html"}, body=b"<!doctype html><p>My repository")
    with HttpServer({"/repo/info/refs?service=git-upload-pack": page}) as server:
        found = world.judged(callback=world.callback(repo_url=server.url("/repo")))[PUBLIC]
    assert found.score == 0.0
    assert "cannot be cloned" in found.reason or "does not speak" in found.reason


def test_a_server_that_hangs(world: World) -> None:
    world.publish()
    with HttpServer({"/repo/info/refs?service=git-upload-pack": Script(hang=True)}) as server:
        told = world.callback(repo_url=server.url("/repo"))
        found = world.judged(callback=told, tools=tools_for(clone=CloneLimits(seconds=0.3)))[PUBLIC]
        server.closing.set()
    assert (found.score, "did not answer in time" in found.reason) == (0.0, True)


def test_a_private_address_is_not_contacted(world: World) -> None:
    world.publish()
    results = world.judged(tools=tools_for(allow_private=False))
    for check in (PUBLIC, "pages_url answers 200"):
        assert results[check].score == 0.0
        assert "must not be contacted: 127.0.0.1 is loopback" in results[check].reason
    assert world.pages.connections == 0


def test_a_redirect_of_git_to_a_refused_address(world: World) -> None:
    world.publish()
    path = "/repo/info/refs?service=git-upload-pack"
    away = Script(302, {"Location": "http://169.254.169.254" + path})
    with HttpServer({path: away}) as server:
        found = world.judged(callback=world.callback(repo_url=server.url("/repo")))[PUBLIC]
    assert (found.score, "169.254.169.254 is link-local" in found.reason) == (0.0, True)


def test_a_redirect_to_the_repositorys_new_name_is_followed(world: World) -> None:
    world.publish()
    path = "/old/info/refs?service=git-upload-pack"
    with HttpServer({path: Script(301, {"Location": f"{world.repo_url}/info/refs?service=git-upload-pack"})}) as server:
        results = world.judged(callback=world.callback(repo_url=server.url("/old")))
    assert results[PUBLIC].score == 1.0


def test_names_that_lead_out_of_a_folder_stay_names(world: World) -> None:
    world.publish(FILES | {"..": b"x", ".git": b"x", "a\\b": b"x", "C:": b"x"})
    results = world.judged()
    assert results[LICENCE].score == 1.0
    assert results[HISTORY].score == 1.0


def test_symbolic_links_and_submodules_are_no_files(world: World) -> None:
    sha = world.publish()
    repo = world.repo
    root = repo.object_store[repo[ObjectID(sha.encode())].tree]  # type: ignore[union-attr]
    assert isinstance(root, Tree)
    target = Blob.from_string(b"/etc/passwd")
    repo.object_store.add_object(target)
    del root[b"LICENSE"]
    root.add(b"LICENSE", 0o120000, target.id)
    root.add(b"module", 0o160000, ObjectID(b"1" * 40))
    repo.object_store.add_object(root)
    made = repo[ObjectID(sha.encode())]
    assert isinstance(made, Commit)
    made.tree = root.id
    repo.object_store.add_object(made)
    repo.refs[MAIN] = made.id
    world.shas.append(made.id.decode())
    results = world.judged()
    assert results[LICENCE].reason.startswith("the commit has no LICENSE")
    assert results[HISTORY].score == 1.0


def test_a_tree_with_billions_of_paths_and_one_that_is_very_deep() -> None:
    repo = new_repository()
    wide = tree(repo, {"a": b"a"})
    for _ in range(12):
        made = Tree()
        for number in range(10):
            made.add(b"%d" % number, 0o040000, wide)
        repo.object_store.add_object(made)
        wide = made.id
    deep = tree(repo, {"a": b"a"})
    for _ in range(DEEPEST + 20):
        made = Tree()
        made.add(b"d", 0o040000, deep)
        repo.object_store.add_object(made)
        deep = made.id
    clone = ClonedRepository(repo.object_store, {})
    assert len(list(clone.entries(wide))) <= MOST_FILES
    assert list(clone.entries(deep)) == []
    repo.close()
