from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from environs import EnvValidationError, validate

from tasks_app.env import Env

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ENV_FILE", raising=False)
    return tmp_path / ".env"


def problems(env: Env) -> Mapping[str, list[str]]:
    """Return the errors by variable."""
    try:
        env.seal()
    except EnvValidationError as error:
        return dict(error.error_messages)
    return {}


@pytest.mark.parametrize("empty", [{}, {"A": None}, {"A": ""}, {"A": "  "}])
def test_empty_counts_as_unset(empty: dict[str, str | None]) -> None:
    env = Env(empty)
    assert env.str("A", "d") == "d"
    assert env.bool("A", True) is True
    assert env.int("A", 7) == 7
    assert env.one_of("A", "", allowed=("x",)) == ""
    assert env.names("A", "") == env.networks("A", "") == []
    assert env.origin("A", "https://d.example") == "https://d.example"
    assert env.spending("A", "") is None
    assert problems(env) == {}


def test_the_first_alias_that_is_set_counts_and_is_the_one_that_is_named() -> None:
    env = Env({"A": "", "B": "b", "C": "c"})
    assert env.first("A", "B", "C") == "B"
    assert env.first("X", "Y") == "X"
    env.address(env.first("A", "B"), "")
    assert list(problems(env)) == ["B"]


def test_lists_lose_blanks() -> None:
    assert Env({"A": " a, ,b ,"}).names("A", "") == ["a", "b"]


def test_words_are_read_in_any_case() -> None:
    assert Env({"A": "Local"}).one_of("A", "", allowed=("local",)) == "local"


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("https://a.example/", "https://a.example"),
        ("http://a:80", "http://a:80"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_origins_lose_their_last_slash(value: str, origin: str) -> None:
    assert Env({"A": value}).origin("A") == origin


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
    env.origin("A", "https://d.example")
    assert list(problems(env)) == ["A"]


@pytest.mark.parametrize("value", ["x", "nan", "inf", "0", "10", "1e9"])
def test_numbers_out_of_their_range_are_named(value: str) -> None:
    env = Env({"A": value, "B": value})
    env.float("A", 5.0, validate=validate.Range(1, 9))
    env.int("B", 5, validate=validate.Range(1, 9))
    assert list(problems(env)) == ["A", "B"]


def test_half_a_number_is_no_whole_one() -> None:
    env = Env({"A": "2.5"})
    env.int("A", 5)
    assert list(problems(env)) == ["A"]


@pytest.mark.parametrize("value", ["10.0.0.0/99", "proxy.example", "10.0.0.1/8/8"])
def test_what_is_no_network_is_named(value: str) -> None:
    assert Env({"A": "10.0.0.0/8, ::1"}).networks("A", "") == ["10.0.0.0/8", "::1"]
    env = Env({"A": f"10.0.0.0/8, {value}, ::1"})
    env.networks("A", "")
    assert value in problems(env)["A"][0]


@pytest.mark.parametrize(
    ("value", "bound"),
    [("2.50", ("2.50", "dollars")), ("$ 3", ("3", "dollars")), ("500000 tokens", ("500000", "tokens"))],
)
def test_a_bound_on_spending_is_money_or_tokens(value: str, bound: tuple[str, str]) -> None:
    amount, unit = Env({"A": value}).spending("A", "")
    assert (str(amount), unit) == bound


@pytest.mark.parametrize("value", ["much", "0", "-1", "2.5 tokens", "500000"])
def test_what_is_no_bound_on_spending_is_named(value: str) -> None:
    env = Env({"A": value})
    env.spending("A", "")
    assert list(problems(env)) == ["A"]


def test_every_problem_is_kept_and_a_secrets_value_is_never_shown() -> None:
    env = Env({"A_FLAG": "perhaps", "A_WORD": "other", "A_TOKEN": "hunter2"})
    env.bool("A_FLAG", False)
    env.one_of("A_WORD", "", allowed=("one", "two"))
    env.int("A_TOKEN", 1)
    env.wrong("A_FILE", "Is away.")
    found = problems(env)
    assert list(found) == ["A_FLAG", "A_WORD", "A_TOKEN", "A_FILE"]
    assert "hunter2" not in str(found)


def test_a_value_may_stand_in_a_file_that_is_named_and_one_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file\n")
    env = Env({"A_FILE": str(tmp_path / "secret"), "B_FILE": str(tmp_path / "away"), "C": "c", "C_FILE": "unused"})
    assert [env.str(name, "") for name in "ABC"] == ["from-a-file", "", "c"]
    assert list(problems(env)) == ["B_FILE"]


def test_the_environment_goes_before_the_file_and_an_empty_one_does_not(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('A=from-file\nB="of ${A}"\nC=only-file\nD=\n')
    monkeypatch.setenv("A", "from-environment")
    monkeypatch.setenv("C", "")
    env = Env.load(file.parent)
    assert [env.str(name, "") for name in "ABCD"] == ["from-environment", "of ${A}", "only-file", ""]


def test_another_file_can_be_named_and_none_is_fine(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Env.load(file.parent).str("SOME_NAME_OF_NOBODY", "") == ""
    (tmp_path / "other").write_text("SOME_NAME_OF_NOBODY=1")
    monkeypatch.setenv("ENV_FILE", str(tmp_path / "other"))
    assert Env.load(file.parent).str("SOME_NAME_OF_NOBODY", "") == "1"


KEY = bytes(range(25))  # its base64 is padded


@pytest.mark.parametrize("prefix", ["", "whsec_"])
@pytest.mark.parametrize("padding", ["", "=="])
def test_a_signing_key_may_have_a_prefix_and_lack_its_padding(prefix: str, padding: str) -> None:
    text = base64.b64encode(KEY).decode().rstrip("=")
    env = Env({"A": f"{prefix}{text}{padding}"})
    assert env.signing_key("A", "") == KEY
    assert problems(env) == {}
    assert Env({}).signing_key("A", "") == b""


@pytest.mark.parametrize("length", [0, 23, 65])
def test_a_signing_key_of_another_length_is_refused_without_its_value(length: int) -> None:
    text = base64.b64encode(b"\xfb" * length).decode()
    env = Env({"A": f"whsec_{text}"})
    env.signing_key("A", "")
    (why,) = problems(env)["A"]
    assert "24 to 64 bytes" in why
    assert not text or text not in why


@pytest.mark.parametrize("text", ["a sentence that is no base64 at all", "é" * 40, "-_" * 16, "A" * 33])
def test_a_signing_key_that_is_no_base64_is_refused(text: str) -> None:
    env = Env({"A": text})
    env.signing_key("A", "")
    assert problems(env)


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("https://hooks.slack.com/services/T/B/x", True),
        ("http://10.0.0.7:8080/hook/?a=b", True),
        ("hooks.slack.com/services", False),
        ("ftp://a.example/", False),
        ("https://", False),
        ("https://u:p@a.example/", False),
        ("https://a.example/a b", False),
        ("http://[", False),
    ],
)
def test_a_webhook_keeps_its_address_as_it_is(value: str, *, good: bool) -> None:
    env = Env({"A": value})
    read = env.webhook("A", "")
    assert bool(problems(env)) is not good
    assert not good or read == value
    assert value not in str(problems(env))


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("https://key@o1.ingest.sentry.io/4505", True),
        ("http://key:old@10.0.0.7:9000/path/3", True),
        ("https://o1.ingest.sentry.io/4505", False),
        ("https://key@o1.ingest.sentry.io/", False),
        ("https://key@o1.ingest.sentry.io/project", False),
        ("key@host/1", False),
        ("http://key@[/1", False),
    ],
)
def test_an_address_of_sentry_has_a_key_and_a_number(value: str, *, good: bool) -> None:
    env = Env({"A": value})
    env.sentry_dsn("A", "")
    assert bool(problems(env)) is not good
    assert value not in str(problems(env))
