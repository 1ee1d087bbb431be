"""The number of GitHub requests in a round, and the repository afterwards."""

from __future__ import annotations

import pytest

from tests.engine.adapters.github.publishing import FILES, commit_of, published, spec_of
from tests.stock_git import git


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


@pytest.mark.processes
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
    assert git(tmp_path, "clone", "-q", f"{place.url}.git", "clone").returncode == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "clone").iterdir() if p.is_file()} == files
