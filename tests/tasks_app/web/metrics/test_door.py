"""Who may read `/metrics`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db.backends.utils import CursorWrapper
from django.db.utils import InterfaceError, OperationalError
from django.test import Client

from tests.posting import PROBLEM
from tests.tasks_app.web.metrics.scrape import NAMES, TOKEN, ask, families

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete", "options"])
def test_without_a_token_it_is_an_unknown_address(settings: SettingsWrapper, method: str) -> None:
    settings.METRICS_TOKEN = ""
    answers = {"/metrics": ask(method=method), "/metricz": getattr(Client(), method)("/metricz")}
    assert {answer.status_code for answer in answers.values()} == {404}
    mine, other = (answer.content.decode().replace(path, "PATH") for path, answer in answers.items())
    assert mine == other
    first, second = (dict(answer.headers) for answer in answers.values())
    differing = {"Content-Length": "", "X-Request-ID": ""}
    assert first | differing == second | differing


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer  "])
def test_an_unset_token_matches_nothing(settings: SettingsWrapper, given: str) -> None:
    settings.METRICS_TOKEN = ""
    assert ask(given).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN.upper()}",
        f"Basic {TOKEN}",
        f"Token {TOKEN}",
        f"Bearer {TOKEN}, Bearer {TOKEN}",
        "Bearer \u00ff\u0416",
    ],
    ids=ascii,
)
def test_a_missing_or_wrong_token_is_refused(given: str | None) -> None:
    answer = ask(given)
    assert (answer.status_code, answer["Content-Type"]) == (401, PROBLEM)
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["status"] == 401
    assert TOKEN not in answer.content.decode()
    assert "engine_" not in answer.content.decode()


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER  {TOKEN} "])
def test_the_right_token_gets_prometheus_text(given: str) -> None:
    answer = ask(given)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer["Cache-Control"] == "no-store"
    assert set(families()) == NAMES


def test_a_token_with_other_letters_is_compared_as_its_bytes(settings: SettingsWrapper) -> None:
    settings.METRICS_TOKEN = "Schlüssel-des-Beobachters"
    assert ask("Bearer " + settings.METRICS_TOKEN.encode().decode("latin-1")).status_code == 200


def test_it_is_read_only() -> None:
    assert ask(method="post").status_code == 405
    assert ask(method="head").status_code == 200


def test_it_is_answered_on_both_hosts_as_readiness_is(settings: SettingsWrapper) -> None:
    for host in (settings.PUBLIC_HOST, settings.PAGES_HOST):
        assert ask(host=host).status_code == 200
        assert Client().get("/healthz", headers={"host": host}).status_code == 200
    assert ask(host="evil.example").status_code == 400


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_down_is_a_503_that_tells_no_secret(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise error("no connection to host with password hunter2")

    monkeypatch.setattr(CursorWrapper, "execute", fail)
    answer = ask()
    assert (answer.status_code, answer["Content-Type"]) == (503, PROBLEM)
    assert "hunter2" not in answer.content.decode()
