"""Callbacks in threads, against evaluators on loopback that answer, stall and drip."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from tasks_app import wiring
from tasks_app.models import NotificationAttempt, Round
from tasks_app.worker.callbacks import CallbackSender
from tests.doubles.http_server import HttpServer, Script
from tests.factories import make_round
from tests.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db(transaction=True)

STALLS = Script(hang=True)
DRIPS = Script(head_drip=5)


@pytest.fixture
def sender() -> Iterator[CallbackSender]:
    made = CallbackSender()
    yield made
    made.finish(30)


@pytest.fixture(autouse=True)
def _private(settings: SettingsWrapper) -> Iterator[None]:
    settings.ALLOW_PRIVATE_URLS = True
    wiring.http.cache_clear()
    yield
    wiring.http.cache_clear()


def published(task: str, evaluator: HttpServer) -> Round:
    columns = {"commit_sha": "1" * 40, "repo_url": "http://r", "pages_url": "http://p", "live": True}
    address = evaluator.url("/notify")
    return make_round(task=task, evaluation_url=address, step="notify", published_at=timezone.now(), **columns)


@pytest.mark.parametrize("slow", [STALLS, DRIPS], ids=["stalls", "drips"])
def test_evaluators_that_stall_hold_up_neither_each_other_nor_others(sender: CallbackSender, slow: Script) -> None:
    with HttpServer({"/notify": slow}) as bad, HttpServer({"/notify": Script()}) as good:
        for number in range(12):
            published(f"slow {number}", bad)
        honest = published("honest", good)
        assert sender.take_due() == 13
        assert wait_for(lambda: Round.objects.get(pk=honest.pk).state == "completed", 20)
        assert wait_for(lambda: bad.connections == 12, 20)
        assert Round.objects.filter(task_name__startswith="slow", state="running").count() == 12
        assert sender.take_due() == 0
    sender.finish(30)
    assert not Round.objects.filter(state="running").exists()


def test_one_host_gets_half_of_the_places(sender: CallbackSender) -> None:
    sender.most = 4
    with HttpServer({"/notify": STALLS}) as bad, HttpServer({"/notify": STALLS}) as other:
        for number in range(4):
            published(f"bad {number}", bad)
        assert sender.take_due() == 2
        published("other", other)
        assert sender.take_due() == 1
        assert wait_for(lambda: other.connections == 1, 20)
    sender.finish(30)


def test_callbacks_that_failed_before_leave_half_of_the_places(sender: CallbackSender) -> None:
    sender.most = 4
    with ExitStack() as stack:
        for number in range(3):
            row = published(f"tried {number}", stack.enter_context(HttpServer({"/notify": STALLS})))
            NotificationAttempt.objects.create(
                round=row, run=1, number=1, url="u", body=b"{}", headers={}, started_at=timezone.now(), seconds=1
            )
        assert sender.take_due() == 2
        published("new", stack.enter_context(HttpServer({"/notify": Script()})))
        assert sender.take_due() == 1
    sender.finish(30)
