from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.site import repository_files
from tests.little_time import little_time
from tests.marker import read_marker


def test_the_name_is_the_slug_and_8_hex_of_the_rounds_identity() -> None:
    expected = hashlib.sha256(json.dumps(["a@b.c", "My task!", "n1"]).encode()).hexdigest()[:8]
    assert repository_files.repository_name("a@b.c", "My task!", "n1") == f"My-task-{expected}"


@given(st.text(max_size=300))
def test_a_slug_is_a_name_that_every_forge_takes(task: str) -> None:
    slug = repository_files.slug(task)
    assert 1 <= len(slug) <= 80
    assert set(slug) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert slug[0] not in ".-"


def test_parts_do_not_collide_by_their_joints() -> None:
    assert repository_files.digest("ab", "c") != repository_files.digest("a", "bc")


@given(st.text(max_size=1000))
def test_a_description_is_one_clean_line_that_ends_in_the_hash(brief: str) -> None:
    line = repository_files.description(brief, "0a1b2c3d")
    assert len(line) <= 350
    assert line.isprintable() or not any(ord(c) < 32 for c in line)
    assert line.endswith("[0a1b2c3d]")


def test_our_licence_is_recognised_as_mit() -> None:
    assert repository_files.is_mit(repository_files.licence(2026, "somebody").decode())
    assert not repository_files.is_mit("MIT License")


@pytest.mark.parametrize(
    "page",
    [
        b"<!doctype html><html><head><title>x</title></head><body></body></html>",
        b"<HTML><HEAD lang=en></HEAD></HTML>",
        b"<!doctype html><p>no head",
        b"plain text",
        b"\xff\xfe broken bytes <head>",
    ],
)
def test_a_page_gets_exactly_one_marker_and_keeps_the_rest(page: bytes) -> None:
    once = repository_files.insert_marker(page, "id/1")
    twice = repository_files.insert_marker(once, "id/2")
    assert read_marker(once) == "id/1"
    assert read_marker(twice) == "id/2"
    assert twice.count(repository_files.MARKER_NAME.encode()) == 1
    assert twice.replace(b'<meta name="llm-devops-engine-round" content="id/2">', b"").replace(b"\n", b"") == page


_PIECES = st.sampled_from(
    ["<!doctype html>", "<html lang=en>", "<head>", "<HEAD a='b'>", "</head>", "<header>", "<meta charset=utf-8>", "\n",
        "\r\n", " ", "\t", "\ufeff", "<", "x"]
)  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=9), max_size=9).map("".join), st.binary(max_size=4), st.text(max_size=60))
def test_what_is_inserted_is_taken_out_again(text: str, end: bytes, content: str) -> None:
    page = text.encode("utf-8", "replace") + end
    marked = repository_files.insert_marker(page, content)
    assert repository_files.without_marker(marked) == page
    assert repository_files.without_marker(repository_files.insert_marker(marked, "another/1")) == page
    assert repository_files.without_marker(page) == page


@pytest.mark.parametrize(
    ("page", "bare"),
    [
        (b"<head>\n  <meta name='llm-devops-engine-round' content='a/1' />\n<title>", b"<head>\n<title>"),
        (b'<head><META content="a/1" name=llm-devops-engine-round>\n<p>', b"<head>\n<p>"),
        (b'<meta name="llm-devops-engine-round" content="a/1"><p>', b"<p>"),
        ((b'<head>\n<meta name="llm-devops-engine-round" content="a">\n<meta name="llm-devops-engine-round" '
            b'content="b">'), b"<head>"),
        (b'<meta name="viewport" content="llm-devops-engine-round">',
            b'<meta name="viewport" content="llm-devops-engine-round">'),
        (b"<p>llm-devops-engine-round", b"<p>llm-devops-engine-round"),
    ],
)  # fmt: skip
def test_a_marker_is_taken_out_however_a_model_wrote_it(page: bytes, bare: bytes) -> None:
    assert repository_files.without_marker(page) == bare


@pytest.mark.parametrize("page", [b"<meta " * 100_000, b"<meta" + b" a" * 200_000, b" " * 300_000, b"\n\t" * 100_000])
def test_a_hostile_page_is_freed_of_its_marker_in_little_time(page: bytes) -> None:
    with little_time():
        assert repository_files.without_marker(page) == page


def test_a_header_element_is_not_taken_for_the_head() -> None:
    page = repository_files.insert_marker(b"<!doctype html><html><body><header>x</header></body></html>", "id/1")
    assert page.index(b"<meta") < page.index(b"<body>")


def test_a_page_without_a_marker_has_none() -> None:
    assert read_marker(b"<html></html>") is None
