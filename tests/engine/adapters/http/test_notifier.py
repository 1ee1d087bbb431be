from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.adapters.http import notifier as http_notifier
from engine.adapters.http.guard import GuardedHttp
from engine.adapters.http.notifier import HttpNotifier
from engine.errors import Permanent
from tests.doubles.http_server import HttpServer, Script

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = b'{"round": 1}'


@pytest.fixture
def evaluator() -> Iterator[HttpServer]:
    with HttpServer({"/notify": Script(body=b"thanks")}) as running:
        yield running


@pytest.fixture
def notifier() -> HttpNotifier:
    return HttpNotifier(GuardedHttp(allow_private=True))


def test_body_and_headers_arrive_as_they_were(evaluator: HttpServer, notifier: HttpNotifier) -> None:
    answer = notifier.send(evaluator.url("/notify"), BODY, {"webhook-id": "run-1"})
    (asked,) = evaluator.asked
    assert (answer.status, answer.body) == (200, b"thanks")
    assert (asked.method, asked.body) == ("POST", BODY)
    assert (asked.headers["content-type"], asked.headers["webhook-id"]) == ("application/json", "run-1")


@pytest.mark.parametrize("status", [307, 308])
def test_same_post_follows_a_redirect_that_preserves_it(
    evaluator: HttpServer, notifier: HttpNotifier, status: int
) -> None:
    evaluator.scripts["/old"] = Script(status, {"Location": "/notify"})
    answer = notifier.send(evaluator.url("/old"), BODY, {"webhook-id": "run-1"})
    assert answer.status == 200
    assert [(asked.method, asked.body, asked.headers["webhook-id"]) for asked in evaluator.asked] == [
        ("POST", BODY, "run-1")
    ] * 2


@pytest.mark.parametrize("status", [301, 302, 303, 400, 410, 500, 503])
def test_other_status_is_the_answer(evaluator: HttpServer, notifier: HttpNotifier, status: int) -> None:
    evaluator.scripts["/notify"] = Script(status, {"Location": "/elsewhere", "Retry-After": "7"})
    answer = notifier.send(evaluator.url("/notify"), BODY, {})
    assert (answer.status, answer.headers["retry-after"], len(evaluator.asked)) == (status, "7", 1)


def test_only_the_beginning_of_a_long_answer_is_kept(evaluator: HttpServer, notifier: HttpNotifier) -> None:
    evaluator.scripts["/notify"] = Script(body=b"x" * 50_000)
    answer = notifier.send(evaluator.url("/notify"), BODY, {})
    assert (len(answer.body), answer.truncated) == (16 * 1024, True)


def test_status_counts_though_the_body_never_ends(
    evaluator: HttpServer, notifier: HttpNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_notifier, "ANSWER_SECONDS", 0.4)
    evaluator.scripts["/notify"] = Script(body=b"x" * 500, drip=0.05)
    answer = notifier.send(evaluator.url("/notify"), BODY, {})
    assert (answer.status, answer.truncated) == (200, True)


def test_private_evaluator_is_refused_where_that_is_not_allowed(evaluator: HttpServer) -> None:
    with pytest.raises(Permanent, match="address_refused"):
        HttpNotifier(GuardedHttp(allow_private=False)).send(evaluator.url("/notify"), BODY, {})
    assert evaluator.connections == 0
