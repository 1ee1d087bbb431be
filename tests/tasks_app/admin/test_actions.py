from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from engine.errors import OutOfService
from tasks_app.models import Event, Round
from tasks_app.operations.breakers import breaker_trip, breakers_open
from tests.factories import dump, lease_of, make_round
from tests.tasks_app.conftest import person

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db

LIST = "/admin/tasks_app/round/"
ACTS = ("retry", "regenerate", "notify_again", "cancel")


def failed(**over: object) -> Round:
    row = {"state": "failed", "step": "publish", "next_at": None, "finished_at": timezone.now(), "error_code": "x"}
    return make_round(**row | {"needs_attention": True} | over)


def one(row: Round, act: str) -> str:
    return f"{LIST}{row.pk}/act/{act}/"


def said(client: Client, address: str = LIST) -> str:
    return client.get(address).content.decode()


def test_an_operators_retry_is_a_new_run_with_the_name_of_who_pressed(
    operator: Client, press: Callable[..., object]
) -> None:
    row = failed()
    answer = press(operator, one(row, "retry"))
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.state, row.run) == ("queued", 2)
    assert (Event.objects.get().who, Event.objects.get().what) == ("ada", "round retried")
    assert "goes on with a fresh deadline" in said(operator)


@pytest.mark.parametrize("act", ACTS)
def test_every_act_has_a_door(operator: Client, press: Callable[..., object], act: str) -> None:
    row = make_round() if act == "cancel" else failed(step="notify", commit_sha="1" * 40)
    press(operator, one(row, act))
    assert Event.objects.get().round_id == row.pk


def test_a_retry_of_a_running_round_is_refused_with_its_reason(operator: Client, press: Callable[..., object]) -> None:
    row = make_round()
    lease_of(row)
    before = dump()
    press(operator, one(row, "retry"))
    assert dump() == before
    assert "Retry refused" in said(operator)
    html = said(operator, f"{LIST}{row.pk}/change/")
    assert "It is running at generate: it goes on by itself." in html
    assert html.count(" disabled aria-describedby=") == 3


def test_the_second_of_two_operators_is_refused_with_a_reason(operator: Client, press: Callable[..., object]) -> None:
    row, other = failed(), person("bob", "view_", "operate_")
    press(operator, one(row, "retry"))
    press(other, one(row, "retry"))
    assert Round.objects.get().run == 2
    assert Event.objects.count() == 1
    assert "It is queued at publish" in said(other)


@pytest.mark.parametrize("act", ACTS)
def test_a_viewer_sees_and_may_not_act(viewer: Client, press: Callable[..., object], act: str) -> None:
    row = failed(step="notify")
    html = said(viewer, f"{LIST}{row.pk}/change/")
    assert 'class="act"' not in html
    assert 'class="act"' not in said(viewer)
    before = dump()
    assert press(viewer, one(row, act)).status_code == 403
    assert press(viewer, f"{LIST}act/{act}/", round=str(row.pk)).status_code == 403
    assert press(viewer, "/admin/breaker/model/close/").status_code == 403
    assert dump() == before


@pytest.mark.parametrize("act", ACTS)
def test_without_a_token_nothing_happens(operator: Client, act: str) -> None:
    row, before = failed(step="notify"), dump()
    for address in (one(row, act), f"{LIST}act/{act}/", "/admin/breaker/model/close/"):
        assert operator.post(address, {"round": str(row.pk)}).status_code == 403
    assert dump()["Event"] == before["Event"]
    row.refresh_from_db()
    assert row.run == 1


@pytest.mark.parametrize("act", ACTS)
def test_a_get_is_no_act(operator: Client, act: str) -> None:
    row, before = failed(step="notify"), dump()
    for address in (one(row, act), f"{LIST}act/{act}/", "/admin/breaker/model/close/"):
        assert operator.get(address).status_code == 405
    assert dump()["Round"] == before["Round"]


def test_a_stranger_is_asked_for_a_login(press: Callable[..., object]) -> None:
    row = failed()
    stranger = Client(headers={"host": "localhost:8000"})
    assert stranger.post(one(row, "retry"))["Location"].startswith("/admin/login/")
    assert stranger.get(f"{LIST}{row.pk}/status/")["Location"].startswith("/admin/login/")
    row.refresh_from_db()
    assert row.run == 1


def test_unknown_acts_and_rounds_are_not_there(operator: Client, press: Callable[..., object]) -> None:
    row = failed()
    assert press(operator, one(row, "delete")).status_code == 404
    assert press(operator, f"{LIST}act/retry/", round="no-id").status_code == 404
    assert operator.get(f"{LIST}00000000-0000-4000-8000-000000000000/status/").status_code == 404


def test_several_rounds_are_acted_on_after_a_page_that_says_which(
    operator: Client, press: Callable[..., object]
) -> None:
    willing, running = failed(), make_round()
    lease_of(running)
    before = dump()
    chosen = [str(willing.pk), str(running.pk)]
    asked = press(operator, LIST, action="retry_chosen", _selected_action=chosen, index="0").content.decode()
    assert dump() == before
    assert f'name="round" value="{willing.pk}"' in asked
    assert f'value="{running.pk}"' not in asked
    assert "It is running at generate" in asked
    press(operator, f"{LIST}act/retry/", round=[str(willing.pk)])
    assert {r.pk: r.run for r in Round.objects.all()} == {willing.pk: 2, running.pk: 1}


def test_a_viewer_is_offered_no_bulk_act(viewer: Client, press: Callable[..., object]) -> None:
    row, before = failed(), dump()
    assert "retry_chosen" not in said(viewer)
    press(viewer, LIST, action="retry_chosen", _selected_action=[str(row.pk)], index="0")
    assert dump() == before


def test_a_breaker_is_closed_from_the_front_page(operator: Client, press: Callable[..., object]) -> None:
    breaker_trip(error=OutOfService("refused", "the key was refused", kind="model"))
    assert "the key was refused" in said(operator, "/admin/")
    press(operator, "/admin/breaker/model/close/")
    assert breakers_open() == {}
    assert Event.objects.get(what="breaker closed").who == "ada"
    press(operator, "/admin/breaker/model/close/")
    assert "That breaker was closed already." in said(operator, "/admin/")


def test_the_way_back_leads_to_no_foreign_host(operator: Client, press: Callable[..., object]) -> None:
    row = failed()
    operator.defaults["HTTP_REFERER"] = "http://localhost:8000/admin/"
    assert press(operator, one(row, "retry"))["Location"] == "http://localhost:8000/admin/"
    operator.defaults["HTTP_REFERER"] = "https://evil.example/"
    assert press(operator, one(row, "retry")).get("Location", "/admin/") == "/admin/"
