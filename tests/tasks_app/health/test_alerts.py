"""Alerts, told to receivers on loopback that take them, fail, stall or are not there."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from engine.errors import OutOfService
from tasks_app import wiring
from tasks_app.health import alerts, disk
from tasks_app.models import Alert, Round, Takedown
from tasks_app.operations.breakers import breaker_close, breaker_trip, pause
from tasks_app.operations.takedowns import takedown_ask, takedown_undo, takedowns_failing
from tasks_app.rounds.runs import round_revive
from tests.doubles.http_server import HttpServer, Script
from tests.factories import make_round
from tests.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    wiring.alert_http.cache_clear()
    yield
    wiring.alert_http.cache_clear()


@pytest.fixture
def receiver(settings: SettingsWrapper) -> Iterator[HttpServer]:
    with HttpServer({"/hook": Script()}) as server:
        settings.ALERT_WEBHOOK_URL = server.url("/hook")
        yield server


def troubled(task: str = "sales", **over: object) -> Round:
    return make_round(task=task, needs_attention=True, waiting_on="the evaluator: attempt 3 gave HTTP 404", **over)


def look() -> bool:
    alerts.alerts_store()
    return alerts.alerts_send()


def told(receiver: HttpServer) -> list[dict[str, Any]]:
    return [json.loads(asked.body) for asked in receiver.asked]


def later(seconds: float) -> None:
    """Let so many seconds pass for all alerts."""
    for alert in Alert.objects.all():
        for name in ("at", "begun_at", "next_at"):
            if value := getattr(alert, name):
                setattr(alert, name, value - timedelta(seconds=seconds))
        alert.save()


def test_a_round_is_told_once_for_each_run(receiver: HttpServer) -> None:
    row = troubled()
    assert [look(), look()] == [True, False]
    (message,) = told(receiver)
    assert message["text"] == message["content"]
    assert message["text"].startswith("A round needs attention\nsales round 1: the evaluator: attempt 3 gave HTTP 404 ")
    assert (message["cause"], message["count"]) == ("attention", 1)
    assert message["url"] == f"http://localhost:8000/admin/tasks_app/round/{row.pk}/change/"
    assert Client(headers={"host": "localhost:8000"}).get(message["url"]).status_code == 302  # to the login
    assert Alert.objects.get().sent_at
    later(3600)
    assert not look()
    Round.objects.update(run=2)
    assert look()


def test_a_storm_is_one_message_a_minute_with_its_number(receiver: HttpServer) -> None:
    troubled()
    look()
    for number in range(40):
        troubled(f"t{number}")
    assert [look(), look()] == [False, False]
    later(61)
    assert [look(), look()] == [True, False]
    message = told(receiver)[1]
    assert message["count"] == 40
    assert message["text"].startswith("40 rounds need attention\nt0 round 1: ")
    assert "and 35 more: http://localhost:8000/admin/" in message["text"]
    assert len(message["content"]) <= 2000
    assert not Alert.objects.filter(sent_at=None).exists()


def test_another_cause_does_not_wait(receiver: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    troubled()
    breaker_trip(error=OutOfService("x", "Refused.", kind="model"))
    monkeypatch.setattr(disk, "LOW_FREE", 2**62)
    assert [look() for _ in range(4)] == [True, True, True, False]
    assert [message["cause"] for message in told(receiver)] == ["attention", "breaker", "disk"]
    assert "model: Refused." in told(receiver)[1]["text"]
    breaker_close(kind="model", who="ada")
    breaker_trip(error=OutOfService("x", "Refused.", kind="model"))
    later(61)
    assert [look(), look()] == [True, False]


def test_a_takedown_that_fails_or_takes_long_is_told_once(receiver: HttpServer) -> None:
    row = make_round(
        published_at=timezone.now(), owner="me", repository="sales", repo_url="https://forge.test/me/sales"
    )
    takedown = takedown_ask(round_id=row.pk, who="ada")
    assert not look()
    Takedown.objects.update(next_at=None, error="The token may not.")
    assert [look(), look()] == [True, False]
    (message,) = told(receiver)
    assert (message["cause"], message["url"].split("/")[-3]) == ("takedown", str(row.pk))
    assert message["text"].startswith("A takedown is not done\nme/sales: An operator asked")
    assert "nobody tries again by itself. The last try failed: The token may not." in message["text"]
    Takedown.objects.update(down_at=timezone.now(), error="")
    takedown_undo(round_id=row.pk, who="ada")
    later(61)
    assert not look()
    Takedown.objects.update(undo_at=timezone.now() - timedelta(minutes=6))
    assert look()
    Takedown.objects.filter(pk=takedown.pk).update(back_at=timezone.now())
    assert list(takedowns_failing(before=timezone.now())) == []


def test_old_rounds_are_not_told_when_alerts_are_switched_on_but_their_new_runs_are(receiver: HttpServer) -> None:
    before = timezone.now() - timedelta(days=2)
    row = troubled(
        created_at=before, started_at=before, state="failed", step="publish", next_at=None, finished_at=before
    )
    assert not look()
    assert round_revive(round_id=row.pk, who="ada")
    assert not look()
    Round.objects.update(needs_attention=True)
    assert [look(), look()] == [True, False]
    assert Alert.objects.get().run == 2


@pytest.mark.parametrize("how", [Script(500), Script(404), Script(302, {"location": "/hook"}), "down"], ids=str)
def test_a_message_that_is_not_delivered_is_sent_again_and_then_given_up(
    receiver: HttpServer, settings: SettingsWrapper, how: Script | str
) -> None:
    if isinstance(how, Script):
        receiver.scripts["/hook"] = how
    else:
        settings.ALERT_WEBHOOK_URL = f"http://127.0.0.1:{free_port()}/hook"
    troubled()
    for number in range(1, alerts.MOST_ATTEMPTS + 1):
        assert [look(), look()] == [True, False]
        alert = Alert.objects.get()
        assert (alert.attempts, alert.sent_at) == (number, None)
        assert alert.error
        later(2000)
    assert not look()
    if isinstance(how, Script):
        assert len(receiver.asked) == alerts.MOST_ATTEMPTS
        assert len({message["id"] for message in told(receiver)}) == 1
        assert len({asked.headers["webhook-id"] for asked in receiver.asked}) == 1
    receiver.scripts["/hook"], settings.ALERT_WEBHOOK_URL = Script(), receiver.url("/hook")
    wiring.alert_http.cache_clear()
    troubled("next")  # what failed does not hold up what is new
    assert look()
    assert Alert.objects.get(round__task_name="next").sent_at


def test_a_message_that_failed_is_delivered_later_with_the_same_alerts(receiver: HttpServer) -> None:
    receiver.scripts["/hook"] = Script(503)
    troubled("first")
    look()
    troubled("second")
    receiver.scripts["/hook"] = Script(204)
    later(11)
    assert look()
    assert [message["count"] for message in told(receiver)] == [1, 1]
    assert told(receiver)[0] == told(receiver)[1]


def test_a_receiver_that_stalls_is_given_up_in_time(receiver: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "ANSWER_SECONDS", 0.5)
    receiver.scripts["/hook"] = Script(hang=True)
    troubled()
    assert look()
    assert "did not answer in time" in Alert.objects.get().error


def test_only_the_operators_own_address_may_be_private(receiver: HttpServer) -> None:
    with HttpServer({"/": Script()}) as inside:
        receiver.scripts["/hook"] = Script(307, {"location": inside.url("/")})
        troubled()
        look()
        assert inside.asked == []
        assert "must not be contacted" in Alert.objects.get().error


def test_a_strangers_text_calls_nobody_and_holds_no_secret(receiver: HttpServer, settings: SettingsWrapper) -> None:
    settings.SECRETS = {"SECRET": "the-shared-secret"}
    make_round(
        task="<!channel> @everyone\n\x1b[2J", needs_attention=True, state="waiting", waiting_on="the-shared-secret"
    )
    look()
    ((message),) = told(receiver)
    assert "<!channel>" not in message["text"]
    assert message["allowed_mentions"] == {"parse": []}
    assert "the-shared-secret" not in json.dumps(message)
    assert message["content"].count("\n") == 1


@pytest.mark.parametrize("delivered", [True, False])
def test_a_clock_that_was_set_back_delays_no_alert(receiver: HttpServer, *, delivered: bool) -> None:
    receiver.scripts["/hook"] = Script() if delivered else Script(503)
    troubled()
    assert look()
    later(-7200)  # for the alert it is two hours later than for the clock
    receiver.scripts["/hook"] = Script()
    if delivered:
        troubled("next")
    assert look()
    assert not Alert.objects.filter(sent_at=None).exists()


def test_an_outage_during_a_pause_of_the_same_kind_is_told(receiver: HttpServer) -> None:
    pause(kind="model", who="ada")
    assert look()
    later(61)
    breaker_trip(error=OutOfService("x", "Refused.", kind="model"))
    assert look()
    assert "model: Refused." in told(receiver)[1]["text"]
