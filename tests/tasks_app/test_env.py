from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

import pytest
from environs import EnvValidationError, validate

from tasks_app.env import Env, address, sentry_dsn, signing_key, signing_secret, webhook

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


@pytest.mark.parametrize(("value", "read"), [("1", "on"), ("TRUE", "on"), ("Off", "off"), ("Auto", "auto")])
def test_a_switch_knows_a_third_position(value: str, read: str) -> None:
    assert Env({"A": value}).switch("A", "off") == read
    assert Env({}).switch("A", "off") == "off"
    env = Env({"A": "perhaps"})
    env.switch("A", "off")
    assert list(problems(env)) == ["A"]


@pytest.mark.parametrize(
    ("value", "bytes_"),
    [("16000000", 16_000_000), ("16MB", 16_000_000), ("16 mb", 16_000_000), ("2M", 2_000_000), ("1MiB", 1_048_576),
     ("300kB", 300_000), ("500000 B", 500_000)],
)  # fmt: skip
def test_a_size_is_a_number_or_has_a_unit(value: str, bytes_: int) -> None:
    assert Env({"A": value}).size("A", "16MB", least=100_000, most=10**9) == bytes_
    assert Env({}).size("A", "16MB", least=100_000, most=10**9) == 16_000_000


@pytest.mark.parametrize("value", ["much", "-1", "1.5MB", "16XB", "99999", "2GB", "0"])
def test_what_is_no_size_is_named(value: str) -> None:
    env = Env({"A": value})
    env.size("A", "16MB", least=100_000, most=10**9)
    assert list(problems(env)) == ["A"]


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


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (b"from-a-file", "from-a-file"),
        (b"from-a-file\n", "from-a-file"),
        (b"from-a-file\r\n", "from-a-file"),
        (b"\xef\xbb\xbfwith-a-mark", "with-a-mark"),
        (b" blanks stay ", " blanks stay "),
        ("gr\u00fc\u00dfe".encode(), "gr\u00fc\u00dfe"),
    ],
)
def test_a_secret_may_stand_in_a_file_less_one_line_end(tmp_path: Path, written: bytes, value: str) -> None:
    (tmp_path / "file").write_bytes(written)
    for path in ("file", str(tmp_path / "file")):
        env = Env({"A_FILE": path}, tmp_path)
        assert env.secret("A") == value
        assert problems(env) == {}
        assert env.secrets == {"A": value}


def test_a_file_of_a_secret_that_cannot_be_used_is_named_and_never_shown(tmp_path: Path) -> None:
    bad = {
        "AWAY": None,
        "EMPTY": b"",
        "BLANK": b" \n",
        "LATIN": b"hunter2-\xff\xe9",
        "WIDE": "hunter2".encode("utf-16"),
        "LINES": b"hunter2\n\n",
        "NUL": b"hunter2\0",
        "LARGE": b"hunter2" * 20_000,
    }
    for name, written in bad.items():
        if written is not None:
            (tmp_path / name).write_bytes(written)
    (tmp_path / "FOLDER").mkdir()
    os.mkfifo(tmp_path / "PIPE")
    names = [*bad, "FOLDER", "PIPE"]
    env = Env({f"{name}_FILE": name for name in names} | {"BOTH": "b", "BOTH_FILE": "b"}, tmp_path)
    assert [env.secret(name) for name in names] == [""] * len(names)
    assert env.secret("BOTH") == "b"
    found = problems(env)
    assert list(found) == [*(f"{name}_FILE" for name in names), "BOTH_FILE"]
    assert all(len(why) == 1 and why[0].endswith((".", "count.")) for why in found.values())
    assert "hunter2" not in str(found)


def test_only_secrets_stand_in_files_and_aliases_have_files_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("value")
    env = Env({"A_FILE": "file", "C_FILE": "file"}, tmp_path)
    assert env.str("A", "") == ""
    assert env.secret("B", "C") == "value"
    assert env.secrets == {"B": "value"}


def test_a_secret_that_is_no_value_of_its_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hunter2")
    env = Env({"A": "hunter2", "B_FILE": "file"}, tmp_path)
    assert env.secret("A", parse=address) == env.secret("B", parse=address) == ""
    assert list(problems(env)) == ["A", "B"]


@pytest.mark.parametrize("written", [b"A=\xff", None], ids=["no UTF-8", "a folder"])
def test_a_file_of_settings_that_cannot_be_read_is_named(file: Path, written: bytes | None) -> None:
    if written is None:
        file.mkdir()
    else:
        file.write_bytes(written)
    assert list(problems(Env.load(file.parent))) == ["ENV_FILE"]


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
    assert signing_key(env.secret("A", parse=signing_secret)) == KEY
    assert problems(env) == {}
    assert signing_key(Env({}).secret("A", parse=signing_secret)) == b""


@pytest.mark.parametrize("length", [0, 23, 65])
def test_a_signing_key_of_another_length_is_refused_without_its_value(length: int) -> None:
    text = base64.b64encode(b"\xfb" * length).decode()
    env = Env({"A": f"whsec_{text}"})
    env.secret("A", parse=signing_secret)
    (why,) = problems(env)["A"]
    assert "24 to 64 bytes" in why
    assert not text or text not in why


@pytest.mark.parametrize("text", ["a sentence that is no base64 at all", "é" * 40, "-_" * 16, "A" * 33])
def test_a_signing_key_that_is_no_base64_is_refused(text: str) -> None:
    env = Env({"A": text})
    env.secret("A", parse=signing_secret)
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
    read = env.secret("A", parse=webhook)
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
    env.secret("A", parse=sentry_dsn)
    assert bool(problems(env)) is not good
    assert value not in str(problems(env))
