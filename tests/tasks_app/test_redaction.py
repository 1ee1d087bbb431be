from __future__ import annotations

import base64
import io
import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tasks_app.redaction import RedactingFilter, found_in, keepable, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

TOKEN = "tok/en+with:signs-1234"


@pytest.fixture(autouse=True)
def _secrets(settings: SettingsWrapper) -> None:
    settings.SECRETS = {
        "SECRET": "a-shared-secret",
        "LONGER": "a-shared-secret-and-more",
        "TOKEN": TOKEN,
        "SHORT": "short",
        "UNSET": "",
    }


@pytest.mark.parametrize("form", [TOKEN, quote(TOKEN, safe=""), base64.b64encode(TOKEN.encode()).decode()])
def test_each_form_of_a_secret_is_replaced_by_its_name_and_found(form: str) -> None:
    assert redact(f"Bearer {form}, again {form}").count("[TOKEN]") == 2
    assert TOKEN not in redact(form)
    assert found_in(f"const key = '{form}'".encode()) == "TOKEN"


def test_a_secret_inside_another_leaves_no_rest() -> None:
    assert redact("x a-shared-secret-and-more y") == "x [LONGER] y"


@pytest.mark.parametrize("text", ["", "short and sweet", "nothing here"])
def test_what_is_too_short_to_be_meant_stays(text: str) -> None:
    assert redact(text) == text
    assert found_in(text.encode()) is None


def test_binary_content_can_be_searched() -> None:
    assert found_in(b"\xff\x00" + TOKEN.encode() + b"\xff") == "TOKEN"
    assert found_in(bytes(range(256))) is None


def test_what_is_kept_has_neither_secrets_nor_what_no_database_takes() -> None:
    assert keepable(f"{TOKEN}\x00\ud800é") == "[TOKEN]\ufffd?é"


@pytest.fixture
def logged() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter())
    logger = logging.getLogger("tests.redaction")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


def test_no_log_line_holds_a_secret(logged: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = logged
    logger.info("told %s of %s", "it", TOKEN)
    logger.info("plain %d", 7)
    assert stream.getvalue() == "told it of [TOKEN]\nplain 7\n"


def test_a_strangers_text_can_neither_forge_a_line_nor_write_to_the_terminal(
    logged: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = logged
    logger.info("task %s failed", "x\r\n2026-01-01 INFO root: all is well\x1b[2J\u2028\x9bend\tof it")
    assert stream.getvalue() == ("task x\\r\\n2026-01-01 INFO root: all is well\\x1b[2J\\u2028\\x9bend\tof it failed\n")


def test_no_traceback_in_the_log_holds_a_secret(logged: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = logged
    try:
        int(TOKEN)
    except ValueError:
        logger.exception("it failed")
    assert TOKEN not in stream.getvalue()
    assert "ValueError: invalid literal for int() with base 10: '[TOKEN]'" in stream.getvalue()


def test_a_strangers_text_in_a_traceback_cannot_write_to_the_terminal(
    logged: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = logged
    error = ValueError("\x1b[2J\x9b1m\rgone\u2028\ttab")
    logger.error("it failed", exc_info=error)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "it failed"
    assert lines[-1] == "ValueError: \\x1b[2J\\x9b1m\\rgone\\u2028\ttab"
