"""Log lines as an operator and a collector of logs see them."""

from __future__ import annotations

import contextvars
import io
import json
import logging
import logging.config
import threading
from typing import TYPE_CHECKING

import pytest
from django.conf import settings as configured
from django.test import Client
from gunicorn.config import Config

from tasks_app.logs import log_id, log_id_set, log_ids, log_thread_errors, name_process
from tasks_app.models import Attempt, Round
from tasks_app.processes.web_worker import WebLogger
from tests.driving import driven
from tests.factories import make_payload, make_round

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

    from tests.conftest import Outside

TOKEN = "tok/en+with:signs-1234"
logger = logging.getLogger("tests.logs")


class Lines:
    """What the service's own handler writes."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def texts(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    def objects(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.texts()]


@pytest.fixture(params=["json"])
def lines(request: pytest.FixtureRequest, settings: SettingsWrapper) -> Iterator[Lines]:
    settings.SECRETS = {"TOKEN": TOKEN}
    written = Lines()
    handler = {**configured.LOGGING["handlers"]["stderr"], "formatter": request.param, "stream": written.stream}
    logging.config.dictConfig({**configured.LOGGING, "handlers": {"stderr": handler}})
    gunicorn_log = logging.getLogger("gunicorn.error")
    gunicorn_log.propagate = False
    WebLogger(Config())
    yield written
    gunicorn_log.propagate = True
    logging.config.dictConfig(configured.LOGGING)


def test_a_line_is_one_object_with_time_level_logger_message_and_process(lines: Lines) -> None:
    name_process("web")
    logger.warning("told %s of\n%s", "é", TOKEN)
    name_process("command")
    (line,) = lines.objects()
    assert line["time"].endswith("+00:00")
    assert {key: line[key] for key in ("level", "logger", "message", "process")} == {
        "level": "WARNING",
        "logger": "tests.logs",
        "message": "told é of\\n[TOKEN]",
        "process": "web",
    }


def test_an_exception_is_part_of_the_object_and_holds_no_secret(lines: Lines) -> None:
    try:
        int(f"{TOKEN}\u2028\ud800")
    except ValueError:
        logger.exception("it failed")
    (line,) = lines.objects()
    assert "ValueError: invalid literal for int() with base 10: '[TOKEN]" in line["exception"]
    assert line["exception"].count("\n") >= 2


def test_ids_are_in_each_line_of_their_block_and_of_threads_in_its_context(lines: Lines) -> None:
    with log_ids(request="r1"), log_ids(round="5f1c", step="generate", attempt="", task=f"{TOKEN}\n"):
        log_id_set("attempt", 7)
        logger.warning("inside")
        thread = threading.Thread(target=contextvars.copy_context().run, args=(logger.warning, "beside"))
        thread.start()
        thread.join()
    logger.warning("outside")
    inside, beside, outside = lines.objects()
    ids = {"request": "r1", "round": "5f1c", "step": "generate", "attempt": "7", "task": "[TOKEN]\\n"}
    assert {key: inside[key] for key in ids} == {key: beside[key] for key in ids} == ids
    assert not ids.keys() & outside.keys()


def test_an_id_that_no_block_would_end_is_not_set() -> None:
    log_id_set("attempt", 7)
    assert log_id("attempt") == ""


@pytest.mark.parametrize("lines", ["text"], indirect=True)
def test_text_shows_the_ids_behind_the_message(lines: Lines) -> None:
    with log_ids(request="r1", round="5f1c", task="a stranger's text"):
        logger.warning("inside")
    logger.warning("outside")
    inside, outside = lines.texts()
    assert inside.endswith(" WARNING tests.logs: inside [request=r1 round=5f1c]")
    assert outside.endswith(" WARNING tests.logs: outside")


@pytest.mark.parametrize("name", ["django-q", "gunicorn.error", "django.request"])
def test_the_lines_of_libraries_have_the_same_form(lines: Lines, name: str) -> None:
    try:
        int(TOKEN)
    except ValueError:
        logging.getLogger(name).exception("a worker died")
    (line,) = lines.objects()
    assert (line["logger"], line["message"]) == (name, "a worker died")
    assert "[TOKEN]" in line["exception"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("peer", "given", "taken"),
    [
        ("10.0.0.1", "abc-123", True),
        ("10.0.0.1", "x" * 101, False),
        ("10.0.0.1", "a b", False),
        ("10.0.0.1", 'a"}', False),
        ("192.0.2.1", "abc-123", False),
    ],
)
def test_only_a_trusted_proxy_names_a_request(settings: SettingsWrapper, peer: str, given: str, *, taken: bool) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    client = Client(headers={"host": "localhost:8000"}, REMOTE_ADDR=peer)
    identity = client.get("/healthz", headers={"X-Request-ID": given})["X-Request-ID"]
    assert (identity == given) is taken
    assert taken or len(identity) == 32


@pytest.mark.django_db
def test_a_requests_id_is_in_the_lines_of_web_and_worker(
    lines: Lines, settings: SettingsWrapper, outside: Outside
) -> None:
    client = Client(headers={"host": "localhost:8000"})
    settings.SECRETS = {}
    answer = client.post("/handle_task", make_payload(task="named"), content_type="application/json")
    identity = answer["X-Request-ID"]
    row = driven(Round.objects.get())
    assert row.state == "completed"
    ours = [line for line in lines.objects() if line.get("request") == identity]
    assert "task accepted" in [line["message"] for line in ours]
    assert {line["round"] for line in ours} == {str(row.pk)}
    assert {line["step"] for line in ours if "step" in line} == {"generate", "verify", "publish", "deploy", "notify"}
    assert str(Attempt.objects.latest("pk").pk) in {line.get("attempt") for line in ours}
    assert {line["task"] for line in ours if "task" in line} == {"named"}


@pytest.mark.django_db
def test_a_round_without_a_request_has_none_in_its_lines(lines: Lines, outside: Outside) -> None:
    driven(make_round())
    assert lines.objects()
    assert not any("request" in line for line in lines.objects())


def test_an_error_that_ends_a_thread_is_a_redacted_line_of_the_log(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # restored at the end
    log_thread_errors()

    def fail() -> None:
        raise ValueError(TOKEN)

    thread = threading.Thread(target=fail, name="credentials")
    thread.start()
    thread.join()
    (line,) = lines.objects()
    assert line["message"] == "the thread credentials ended by an error of our own"
    assert str(line["exception"]).endswith("ValueError: [TOKEN]")
    assert TOKEN not in capfd.readouterr().err
