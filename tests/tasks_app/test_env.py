from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tasks_app.env import Env

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ENV_FILE", raising=False)
    return tmp_path / ".env"


@pytest.mark.parametrize("empty", [{}, {"A": None}, {"A": ""}, {"A": "  "}])
def test_empty_counts_as_unset(empty: dict[str, str | None]) -> None:
    env = Env(empty)
    assert env.text("A", default="d") == "d"
    assert env.flag("A", default=True) is True
    assert env.whole("A", 7, least=1, most=9) == 7
    assert env.number("A", 7.5, least=1, most=9) == 7.5
    assert env.one_of("A", "x") == ""
    assert env.names("A") == []
    assert env.origin("A", "https://d.example") == "https://d.example"
    assert env.problems == []


def test_the_first_alias_that_is_set_counts() -> None:
    assert Env({"A": "", "B": "b", "C": "c"}).text("A", "B", "C") == "b"


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        ("1", True),
        ("TRUE", True),
        ("yes", True),
        ("on", True),
        ("0", False),
        ("No", False),
        ("off", False),
        ("false", False),
    ],
)
def test_flags(value: str, flag: bool) -> None:
    assert Env({"A": value}).flag("A", default=not flag) is flag


def test_lists_lose_blanks() -> None:
    assert Env({"A": " a, ,b ,"}).names("A") == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("https://a.example/", "https://a.example"),
        ("http://a:80", "http://a:80"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_origins_lose_their_last_slash(value: str, origin: str) -> None:
    env = Env({"A": value})
    assert (env.origin("A", "https://d.example"), env.problems) == (origin, [])


@pytest.mark.parametrize(
    "value",
    [
        "a.example",
        "ftp://a.example",
        "https://",
        "https://a.example/path",
        "https://u:p@a.example",
        "https://:p@a.example",
        "https://a:port",
        "https://a:99999",
        "https://[",
        "https://a?q",
        "https://a#f",
    ],
)
def test_what_is_no_origin_is_named(value: str) -> None:
    env = Env({"A": value})
    assert env.origin("A", "https://d.example") == "https://d.example"
    assert len(env.problems) == 1


@pytest.mark.parametrize("value", ["x", "", "nan", "inf", "0", "10", "1e9"])
def test_numbers_out_of_their_range_are_named(value: str) -> None:
    env = Env({"A": value or "-"})
    assert env.number("A", 5, least=1, most=9) == 5
    assert env.whole("A", 5, least=1, most=9) == 5
    assert len(env.problems) == 2


def test_half_a_number_is_no_whole_one() -> None:
    env = Env({"A": "2.5"})
    env.whole("A", 5, least=1, most=9)
    assert len(env.problems) == 1


@pytest.mark.parametrize("value", ["10.0.0.0/99", "proxy.example", "10.0.0.1/8/8"])
def test_what_is_no_network_is_named(value: str) -> None:
    env = Env({"A": f"10.0.0.0/8, {value}, ::1"})
    assert env.networks("A") == ["10.0.0.0/8", "::1"]
    assert len(env.problems) == 1
    assert value in env.problems[0]


def test_every_problem_is_kept_and_a_secrets_value_is_never_shown() -> None:
    env = Env({"A_FLAG": "perhaps", "A_WORD": "other", "A_TOKEN": "hunter2"})
    env.flag("A_FLAG")
    env.one_of("A_WORD", "one", "two")
    env.whole("A_TOKEN", 1, least=1, most=2)
    assert [problem.split()[0] for problem in env.problems] == ["A_FLAG", "A_WORD", "A_TOKEN"]
    assert "perhaps" in env.problems[0]
    assert "hunter2" not in env.problems[2]


def test_the_environment_goes_before_the_file_and_an_empty_one_does_not(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('A=from-file\nB="of $A"\nC=only-file\nD=\n')
    monkeypatch.setenv("A", "from-environment")
    monkeypatch.setenv("C", "")
    env = Env.load(file.parent)
    assert [env.text(name) for name in "ABCD"] == ["from-environment", "of $A", "only-file", ""]


def test_another_file_can_be_named_and_none_is_fine(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Env.load(file.parent).text("SOME_NAME_OF_NOBODY") == ""
    (tmp_path / "other").write_text("SOME_NAME_OF_NOBODY=1")
    monkeypatch.setenv("ENV_FILE", str(tmp_path / "other"))
    assert Env.load(file.parent).text("SOME_NAME_OF_NOBODY") == "1"
