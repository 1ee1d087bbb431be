"""Pauses of the intake, of publishing and of model calls: rows, what waits for them, and where they are shown."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError
from django.test import Client
from django.utils import timezone

from engine.errors import OutOfService
from tasks_app.management.commands.pause import Command
from tasks_app.models import Breaker, Event, Rejection, Round
from tasks_app.operations.breakers import PAUSES, breaker_close, breaker_trip, breakers_open, pause, pauses_on, resume
from tasks_app.operations.workers import worker_beat
from tasks_app.reports.round_report import RoundReport
from tasks_app.rounds.schedule import rounds_due
from tests.commands import run
from tests.driving import driven
from tests.factories import SECRET, make_payload, make_round
from tests.posting import is_problem, post

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outside

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fresh_cache")]

HOUR = timedelta(hours=1)


# --- Rows -------------------------------------------------------------------------------------------------------------


def test_a_pause_is_one_row_with_who_and_why_and_its_end_another_event() -> None:
    assert pause(kind="model", who="ada", reason="  too\n dear ")
    assert not pause(kind="model", who="bob", reason="another")
    found = pauses_on()["model"]
    assert (found.opened_by, found.reason) == (
        "ada",
        "Calling the language model is paused by an operator: too dear",
    )
    assert resume(kind="model", who="bob")
    assert not resume(kind="model", who="bob")
    assert pauses_on() == {}
    assert list(Event.objects.order_by("pk").values_list("who", "what", "text")) == [
        ("ada", "paused", "model: too dear"),
        ("bob", "resumed", "model"),
    ]


def test_a_pause_and_an_outage_of_the_same_kind_end_apart() -> None:
    breaker_trip(error=OutOfService("quota", "The quota is spent.", kind="model"))
    pause(kind="model", who="ada")
    assert breakers_open()["model"].opened_by == "ada"
    breaker_close(kind="model", who="credential")
    assert breakers_open()["model"].opened_by == "ada"
    breaker_trip(error=OutOfService("quota", "The quota is spent.", kind="model"))
    resume(kind="model", who="ada")
    assert breakers_open()["model"].code == "quota"


def test_a_reason_holds_no_secret_and_is_bounded() -> None:
    pause(kind="intake", who="ada", reason=f"{SECRET} {'x' * 5_000}")
    row = Breaker.objects.get()
    assert SECRET not in row.reason + Event.objects.get().text
    assert len(row.reason) < 700


# --- The intake -------------------------------------------------------------------------------------------------------


def test_a_paused_intake_answers_503_after_every_other_refusal_and_stores_nothing() -> None:
    pause(kind="intake", who="ada", reason="exam over")
    is_problem(post(make_payload(secret="wrong")), 401)
    is_problem(post(make_payload(round=0)), 400)
    Rejection.objects.all().delete()
    response = post(make_payload())
    problem = is_problem(response, 503)
    assert "paused by an operator: exam over." in str(problem["detail"])
    assert "ada" not in response.content.decode()
    assert int(response["Retry-After"]) > 0
    assert not Round.objects.exists()
    assert not Rejection.objects.exists()
    resume(kind="intake", who="ada")
    assert post(make_payload()).status_code == 200


def test_what_was_accepted_before_the_pause_is_still_answered_and_nothing_is_revived() -> None:
    first = post(make_payload()).json()
    pause(kind="intake", who="ada")
    replayed = post(make_payload())
    assert (replayed.status_code, replayed.json()["id"], replayed.json()["replayed"]) == (200, first["id"], True)
    is_problem(post(make_payload(brief="Another.")), 409)
    Round.objects.update(state="failed", next_at=None, finished_at=timezone.now())
    is_problem(post(make_payload()), 503)
    assert Round.objects.get().run == 1


# --- Rounds -----------------------------------------------------------------------------------------------------------


def test_while_model_calls_are_paused_a_round_waits_and_is_resumed_at_once(outside: Outside) -> None:
    row = make_round()
    pause(kind="model", who="ada", reason="too dear")
    assert rounds_due(workers=2) == []
    row = driven(row)
    assert (row.state, row.step, row.needs_attention) == ("waiting", "generate", False)
    assert outside.author.asked == []
    assert "too dear" in RoundReport(row).headline
    assert PAUSES["model"].meanwhile in RoundReport(row).headline
    assert "goes on by itself" not in RoundReport(row).headline
    Round.objects.update(next_at=timezone.now() + HOUR)
    resume(kind="model", who="ada")
    assert rounds_due(workers=2) == [row.pk]
    assert driven(row).state == "completed"
    assert not Round.objects.get().degraded


def test_model_calls_that_stay_paused_lead_to_the_fallback_page(outside: Outside) -> None:
    pause(kind="model", who="ada")
    row = driven(make_round(share_ends_at=timezone.now() - timedelta(seconds=1)))
    assert (row.state, row.degraded) == ("completed", True)
    assert outside.author.asked == []


def test_a_step_under_way_makes_no_further_model_call(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    real = outside.author.write

    def then_paused(*args: object, **keywords: object) -> object:
        pause(kind="model", who="ada")
        return real(*args, **keywords)

    monkeypatch.setattr(outside.author, "write", then_paused)
    row = driven(make_round())
    assert list(row.attempts.values_list("kind", flat=True)) == ["plan"]
    assert (row.state, row.step) == ("waiting", "generate")
    assert not Breaker.objects.filter(opened_by="").exists(), "a pause is no outage"
    resume(kind="model", who="ada")
    monkeypatch.setattr(outside.author, "write", real)
    row = driven(row)
    assert (row.state, row.degraded) == ("completed", False)


def test_while_publishing_is_paused_nothing_is_pushed_and_callbacks_go_on(outside: Outside) -> None:
    published = driven(make_round())
    pause(kind="publishing", who="ada")
    row = driven(make_round(task="another"))
    assert (row.state, row.step) == ("waiting", "publish")
    assert len(outside.forge.repositories) == 1
    Round.objects.filter(pk=published.pk).update(
        state="waiting", step="notify", next_at=timezone.now(), finished_at=None
    )
    assert driven(published).state == "completed"
    assert len(outside.notifier.sent) == 2
    Round.objects.filter(pk=row.pk).update(next_at=timezone.now() + HOUR)
    resume(kind="publishing", who="ada")
    assert rounds_due(workers=2) == [row.pk]
    assert driven(row).state == "completed"


def test_publishing_that_stays_paused_needs_attention(outside: Outside) -> None:
    del outside
    pause(kind="publishing", who="ada")
    row = driven(make_round())
    Round.objects.filter(pk=row.pk).update(share_ends_at=timezone.now() - timedelta(seconds=1), next_at=timezone.now())
    row = driven(row)
    assert (row.state, row.step, row.needs_attention) == ("waiting", "publish", True)
    assert RoundReport(row).headline.startswith("Needs attention: it waits at publish. Publishing is paused")


# --- Where it is shown ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "part"), [("intake", "intake"), ("publishing", "forge"), ("model", "model")])
def test_a_pause_is_a_warning_of_readyz_without_the_operators_name(kind: str, part: str) -> None:
    worker_beat(worker="supervisor:dispatcher")
    pause(kind=kind, who="ada", reason="exam over")
    response = Client().get("/readyz")
    found = {one["name"]: one for one in response.json()["parts"]}
    assert response.status_code == 200
    assert found[part]["status"] == "warning"
    assert found[part]["detail"].endswith("is paused by an operator: exam over")
    assert "ada" not in response.content.decode()


def test_the_front_page_has_a_switch_for_each(operator: Client, press: Callable[..., object]) -> None:
    for kind in ("intake", "publishing", "model"):
        press(operator, f"/admin/pause/{kind}/pause/", reason=f"why <{kind}>")
    html = operator.get("/admin/").content.decode()
    for kind in ("intake", "publishing", "model"):
        assert f"why &lt;{kind}&gt;" in html
        assert f"/admin/pause/{kind}/resume/" in html
    assert html.count("by ada since") == 3
    assert all(what.meanwhile in html for what in PAUSES.values())
    press(operator, "/admin/pause/intake/resume/")
    assert set(pauses_on()) == {"publishing", "model"}
    assert press(operator, "/admin/pause/forge/pause/").status_code == 404
    assert press(operator, "/admin/pause/model/toggle/").status_code == 404
    assert operator.get("/admin/pause/model/pause/").status_code == 405


def test_a_viewer_sees_pauses_and_has_no_switch(viewer: Client, press: Callable[..., object]) -> None:
    pause(kind="model", who="ada")
    html = viewer.get("/admin/").content.decode()
    assert "by ada since" in html
    assert "/admin/pause/model/resume/" not in html
    assert press(viewer, "/admin/pause/model/resume/").status_code == 403
    assert press(viewer, "/admin/pause/intake/pause/").status_code == 403
    assert set(pauses_on()) == {"model"}


def test_the_terminal_pauses_and_ends_pauses() -> None:
    assert "intake" in run("pause")
    shown = json.loads(run("pause", "intake", "--reason", "exam over", "--json"))
    assert [one["kind"] for one in shown if one["paused"]] == ["intake"]
    assert shown[0]["reason"].endswith("exam over")
    with pytest.raises(CommandError, match="paused already"):
        run("pause", "intake")
    assert "paused since" in run("pause")
    assert PAUSES["intake"].meanwhile in run("pause")
    assert all(what.meanwhile in Command.help for what in PAUSES.values())
    assert "paused since" not in run("pause", "intake", "--end")
    with pytest.raises(CommandError, match="not paused"):
        run("pause", "intake", "--end")
    with pytest.raises(CommandError, match="needs a kind"):
        run("pause", "--end")
