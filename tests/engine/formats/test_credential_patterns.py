from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.formats.credential_patterns import Token, credentials_in, is_real, without_hashes
from tests.little_time import little_time
from tests.tokens import INNOCENT, SHAPES


@pytest.mark.parametrize(
    "around", ["{}", "\nconst key = '{}';\n", '{{"key":"{}"}}', "KEY={}\n", "<!-- {} -->", "Bearer {}"]
)
@pytest.mark.parametrize(("what", "token"), SHAPES, ids=[f"{what} {n}" for n, (what, _) in enumerate(SHAPES)])
def test_a_credential_of_a_known_shape_is_found_once_and_whole(what: str, token: str, around: str) -> None:
    text = around.format(token)
    line = 2 if text.startswith("\n") else 1
    assert list(credentials_in(text)) == [Token(what, line, token)]


@pytest.mark.parametrize("text", INNOCENT, ids=range(len(INNOCENT)))
def test_hashes_data_and_stand_ins_are_no_credentials(text: str) -> None:
    assert list(credentials_in(f"a\n{text}\nb")) == []


def test_each_place_is_reported_with_its_line() -> None:
    token = dict(SHAPES)["npm token"]
    assert [found.line for found in credentials_in(f"{token}\n\n{token}\r\n{token}")] == [1, 3, 4]


@pytest.mark.parametrize("token", [token for _, token in SHAPES], ids=range(len(SHAPES)))
def test_four_characters_of_a_token_are_shown_and_its_length(token: str) -> None:
    [found] = credentials_in(token)
    assert found.redacted == f"{token[:4]}… ({len(token)} characters)"
    assert token[4:9] not in found.redacted


@pytest.mark.parametrize(
    ("match", "real"),
    [("abcdefg" * 6, False), ("abcdefgh" * 6, True), ("hf_xxxxxxxxxxxx", False), ("a b", True)],
)
def test_a_match_of_a_few_characters_over_and_over_is_a_stand_in(match: str, real: bool) -> None:
    assert is_real(match) is real


def test_hashes_are_blanked_without_moving_what_stands_around_them() -> None:
    sha = hashlib.sha1(b"x").hexdigest()  # noqa: S324 -- a commit's name
    assert without_hashes(f"a {sha} b") == f"a {' ' * 40} b"
    assert without_hashes(f"a{sha}") == f"a{sha}"
    assert without_hashes(f"{sha}-{sha}") == f"{sha}-{sha}"


@given(st.text(st.sampled_from("sk-eyJ.hf_0aB3 \n")))
def test_every_match_stands_in_its_text(text: str) -> None:
    assert len(without_hashes(text)) == len(text)
    for found in credentials_in(text):
        assert found.match in text.split("\n")[found.line - 1]


@pytest.mark.parametrize("part", ["sk-", "eyJ", "eyJaaaaaaaa.", "sk-ant-", "-----BEGIN ", "a", "sha256-", "0"])
def test_a_huge_senseless_text_is_read_in_a_moment(part: str) -> None:
    with little_time():
        list(credentials_in(part * (1_000_000 // len(part))))
