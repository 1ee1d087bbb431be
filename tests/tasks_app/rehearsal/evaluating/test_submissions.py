"""The CSV file of submissions, mistake by mistake, and their secrets at rest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tasks_app.rehearsal.submissions import (
    GivenSubmission,
    SecretKeyError,
    SubmissionsError,
    decrypt,
    encrypt,
    endpoint_of,
    read_submissions,
    without_secrets,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

ADA = GivenSubmission("ada@example.com", "https://ada.example/api", "s3cret-of-ada", "https://github.com/ada/x")


def read(text: str | bytes) -> tuple[GivenSubmission, ...]:
    return read_submissions(text.encode() if isinstance(text, str) else text, source="class.csv")


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(SubmissionsError) as caught:
        read(text)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    "text",
    [
        "email,endpoint,secret,repository\nada@example.com,https://ada.example/api,s3cret-of-ada,https://github.com/ada/x\n",
        (
            "\ufeffTimestamp,Repository, SECRET ,Endpoint,Email\r\n"
            "2026-01-01,https://github.com/ada/x,s3cret-of-ada,https://ada.example/api, ada@example.com \r\n\r\n"
        ),
        (
            "email;endpoint;secret;repository\n"
            'ada@example.com;"https://ada.example/api";s3cret-of-ada;https://github.com/ada/x'
        ),
        (
            "\n\nemail\tendpoint\tsecret\trepository\n\n"
            "ada@example.com\thttps://ada.example/api\ts3cret-of-ada\thttps://github.com/ada/x\n\n"
        ),
    ],
    ids=["plain", "another order, case, byte order mark, more columns", "semicolons", "tabs and blank lines"],
)
def test_what_spreadsheets_and_forms_write_is_read(text: str) -> None:
    assert read(text) == (ADA,)


def test_the_repository_may_be_missing_and_a_cell_may_hold_a_line_end() -> None:
    found = read('note,email,endpoint,secret\n"a\nb",ada@example.com,https://ada.example/api,"a ""quoted"" one"\n')
    assert found == (GivenSubmission("ada@example.com", "https://ada.example/api", 'a "quoted" one'),)


def test_every_mistake_is_named_by_its_line_and_no_secret_is(settings: SettingsWrapper) -> None:
    settings.ALLOW_PRIVATE_URLS = False
    text = (
        "email,endpoint,secret\n"
        ",https://one.example/,s3cret-1\n"
        "two@example.com,,\n"
        '"three@example.com","ftp://three.example","a\nb"\n'
        "four@example.com,http://localhost:8000/handle_task,s3cret-4\n"
        "TWO@example.com,https://two.example:22/,s3cret-2\n"
        "five,https://a:b@five.example,s3cret-5\n"
    )
    found = problems(text)
    assert found == [
        "class.csv, line 2: The email is missing.",
        "class.csv, line 3: The endpoint is missing.",
        "class.csv, line 3: The secret is missing.",
        "class.csv, line 4: The endpoint cannot be used. Only http:// and https:// URLs can be used.",
        "class.csv, line 6: The endpoint http://localhost:8000 is a private address; ALLOW_PRIVATE_URLS=1 allows it.",
        (
            "class.csv, line 7: The endpoint cannot be used. "
            "Port 22 belongs to another service than the web, and is not contacted."
        ),
        "class.csv, line 7: The email stands in line 3 too.",
        "class.csv, line 8: The email is not an address like name@example.com.",
        "class.csv, line 8: The endpoint cannot be used. The URL names a user or a password, which is not allowed.",
    ]
    assert "s3cret" not in " ".join(found)


def test_a_row_with_too_many_cells_hides_no_other_mistake_and_empty_cells_are_none() -> None:
    assert problems("email,endpoint,secret\na@b.c,https://b.c,s,t\nb@b.c,https://b.c,,\nc@b.c,https://b.c,s,,\n") == [
        "class.csv, line 2: There are more cells than the header row has.",
        "class.csv, line 3: The secret is missing.",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "class.csv: There is no header row: email, endpoint, secret, repository."),
        ("email,endpoint,secret\n", "class.csv: There is no submission below the header row."),
        ("email,endpoint\na@b.c,https://b.c\n", "class.csv, line 1: The column secret is missing."),
        ("email,Email,endpoint,secret\n", "class.csv, line 1: The column email is there twice."),
        ("email,endpoint,secret\na@b.c,https://b.c,s,t\n", "line 2: There are more cells than the header row has."),
        (b"email,endpoint,secret\na@b.c,https://b.c,\xff\n", "class.csv, line 2: The text is not UTF-8."),
        ('email,endpoint,secret\na@b.c,https://b.c,"s\n', "class.csv, line 2: This is no CSV"),
    ],
)
def test_what_is_no_such_table_is_one_sentence(text: str | bytes, said: str) -> None:
    (problem,) = problems(text)
    assert said in problem


def test_a_private_endpoint_is_taken_where_the_settings_allow_it(settings: SettingsWrapper) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    (found,) = read("email,endpoint,secret\na@b.c,http://127.0.0.1:9000/x,s3cret\n")
    assert found.endpoint == "http://127.0.0.1:9000/x"


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://a.example", "https://a.example/handle_task"),
        ("https://A.example:443/", "https://a.example/handle_task"),
        ("http://a.example:8000", "http://a.example:8000/handle_task"),
        ("https://a.example/api/", "https://a.example/api/"),
        ("https://a.example/?key=1", "https://a.example/?key=1"),
        ("nonsense", "nonsense"),
    ],
)
def test_an_origin_gets_the_path_that_send_task_posts_to(url: str, endpoint: str) -> None:
    assert endpoint_of(url) == endpoint


def test_a_secret_is_encrypted_by_a_key_that_only_this_user_reads(tmp_path: Path, settings: SettingsWrapper) -> None:
    settings.DATA_DIR = tmp_path
    stored = encrypt("s3cret-ü")
    assert "s3cret" not in stored
    assert decrypt(stored) == "s3cret-ü"
    assert encrypt("s3cret-ü") != stored
    assert (tmp_path / "rehearsal_key").stat().st_mode & 0o777 == 0o600
    assert "s3cret" not in repr(GivenSubmission("a@b.c", "https://b.c", "s3cret"))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (None, "is not there or cannot be read. Bring it back from a backup"),
        ("A" * 43 + "=", "were encrypted by another key"),
        ("not a key", "holds no key"),
    ],
)
def test_a_lost_key_is_a_clear_error(tmp_path: Path, settings: SettingsWrapper, key: str | None, said: str) -> None:
    settings.DATA_DIR = tmp_path
    stored = encrypt("s3cret")
    (tmp_path / "rehearsal_key").unlink()
    if key is not None:
        (tmp_path / "rehearsal_key").write_text(key)
    with pytest.raises(SecretKeyError, match=re.escape(said)):
        decrypt(stored)


def test_every_form_of_a_secret_is_removed_from_texts() -> None:
    secret = 'a"b/ü'
    text = 'plain a"b/ü, JSON a\\"b/ü and a\\"b/\\u00fc, URL a%22b%2F%C3%BC, base64 YSJiL8O8'
    assert (
        without_secrets(text, [secret]) == "plain [secret], JSON [secret] and [secret], URL [secret], base64 [secret]"
    )
    assert without_secrets("abc", ["abc"]) == "abc"
