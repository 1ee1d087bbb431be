"""Takedowns: the row before the effect, what later rounds do, where it is said, and the way back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError
from django.test import Client
from django.utils import timezone

from engine.domain.repository import Reach
from engine.errors import OutOfService, Permanent, RateLimited, Transient
from tasks_app import wiring
from tasks_app.models import Breaker, Event, Round, Takedown
from tasks_app.operations import clock
from tasks_app.operations.takedowns import (
    TakedownRefusedError,
    takedown_ask,
    takedown_claim,
    takedown_undo,
    takedowns_due,
)
from tasks_app.reports.explanation import explained
from tasks_app.reports.round_report import RoundReport
from tasks_app.worker.liveness_check import look_again
from tasks_app.worker.takedown_work import take_down_due
from tests.commands import run
from tests.driving import driven
from tests.factories import SECRET, make_round

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outside

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Round:
    monkeypatch.setattr(wiring, "forge", lambda: outside.forge)
    row = driven(make_round())
    outside.forge.writes.clear()
    return row


def down(row: Round, reach: Reach = Reach.PAGES, reason: str = "copied a logo") -> Takedown:
    found = takedown_ask(round_id=row.pk, who="ada", reach=reach, reason=reason)
    assert take_down_due()
    found.refresh_from_db()
    return found


# --- The row and the effect -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reach", Reach)
def test_a_page_is_taken_down_once_and_put_back_once(outside: Outside, published: Round, reach: Reach) -> None:
    found = down(published, reach)
    assert found.down_at is not None
    published.refresh_from_db()
    assert (published.state, published.live) == ("completed", False)
    assert takedown_ask(round_id=published.pk, who="bob", reach=reach).pk == found.pk
    assert not take_down_due()
    takedown_undo(round_id=published.pk, who="bob")
    assert take_down_due()
    found.refresh_from_db()
    assert found.back_at is not None
    assert outside.forge.writes == [f"down {reach}", "back"]
    look_again(workers=8)
    published.refresh_from_db()
    assert (published.live, published.watch_until) == (True, None)
    assert list(Event.objects.filter(what__contains="page").order_by("pk").values_list("who", "what", "round")) == [
        ("ada", "page taken down", published.pk),
        ("bob", "page to be put back", published.pk),
        ("bob", "page put back", published.pk),
    ]
    with pytest.raises(TakedownRefusedError, match="not taken down"):
        takedown_undo(round_id=published.pk, who="bob")
    assert down(published).down_at, "it can be taken down again"


def test_the_row_comes_first_and_another_worker_goes_on_where_one_died(outside: Outside, published: Round) -> None:
    found = takedown_ask(round_id=published.pk, who="ada", reach=Reach.PAGES)
    assert outside.forge.writes == []
    assert takedowns_due() == 1
    assert takedown_claim() is not None  # and its process dies
    assert takedowns_due() == 0
    assert not take_down_due()
    Takedown.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    assert take_down_due()
    found.refresh_from_db()
    assert found.down_at is not None


def test_a_worker_that_lost_its_claim_records_nothing(outside: Outside, published: Round) -> None:
    found = takedown_ask(round_id=published.pk, who="ada", reach=Reach.PAGES)
    real = outside.forge.take_down

    def and_undone(*arguments: object) -> None:
        real(*arguments)  # type: ignore[arg-type]
        takedown_undo(round_id=published.pk, who="bob")

    outside.forge.take_down = and_undone  # type: ignore[method-assign]
    assert take_down_due()
    found.refresh_from_db()
    assert (found.down_at, found.back_at) == (None, None)
    assert take_down_due(), "the undoing is due at once"
    found.refresh_from_db()
    assert found.back_at is not None
    assert outside.forge.writes[-1] == "back"


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (Transient("forge_busy", "Wait."), 15),
        (RateLimited("forge_paced", "Wait.", 3.0), 3),
        (OutOfService("forge_permission_missing", "The token may not.", kind="forge"), None),
        (Permanent("takedown_refused", "GitHub does not."), None),
    ],
)
def test_what_the_forge_refuses_is_in_the_row_and_only_a_passing_refusal_is_tried_again(
    outside: Outside, published: Round, monkeypatch: pytest.MonkeyPatch, error: Exception, again: int | None
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    outside.forge.faults.before["take_down"] = [error]
    found = down(published)
    assert found.down_at is None
    assert found.error == error.message  # type: ignore[attr-defined]
    assert not Breaker.objects.exists()
    if again is None:
        assert found.next_at is None
        assert Event.objects.get(what="takedown failed").text == found.error
        assert takedown_ask(round_id=published.pk, who="bob", reach=Reach.PRIVATE).pk == found.pk
    else:
        assert found.next_at == now + timedelta(seconds=again)
        Takedown.objects.update(next_at=now)
    assert take_down_due()
    found.refresh_from_db()
    assert found.down_at is not None
    assert found.error == ""


def test_an_unpublished_round_has_no_page_and_another_reach_needs_the_way_back_first(published: Round) -> None:
    with pytest.raises(TakedownRefusedError, match="published"):
        takedown_ask(round_id=make_round(task="other").pk, who="ada", reach=Reach.PAGES)
    down(published)
    with pytest.raises(TakedownRefusedError, match="down already"):
        takedown_ask(round_id=published.pk, who="ada", reach=Reach.PRIVATE)


def test_a_reason_holds_no_secret(published: Round) -> None:
    found = down(published, reason=f"x {SECRET}")
    assert SECRET not in found.reason + "".join(Event.objects.values_list("text", flat=True))


# --- Later rounds -----------------------------------------------------------------------------------------------------


def test_a_later_round_waits_for_an_operator_and_puts_nothing_back(outside: Outside, published: Round) -> None:
    down(published)
    outside.forge.writes.clear()
    later = driven(make_round(round=2, brief="Make it blue."))
    assert (later.state, later.step, later.needs_attention) == ("waiting", "publish", True)
    assert "took the page down" in later.waiting_on
    assert outside.forge.writes == []
    Round.objects.filter(pk=later.pk).update(next_at=timezone.now() + timedelta(hours=1))
    takedown_undo(round_id=later.pk, who="ada")
    take_down_due()
    later.refresh_from_db()
    assert later.next_at <= timezone.now()
    later = driven(later)
    assert (later.state, later.live) == ("completed", True)
    assert outside.forge.writes == ["back", "commit"]


def test_a_regeneration_waits_too_and_other_tasks_do_not(outside: Outside, published: Round) -> None:
    down(published)
    assert driven(make_round(task="another")).state == "completed"
    Round.objects.filter(pk=published.pk).update(
        state="queued", step="publish", next_at=timezone.now(), finished_at=None
    )
    before = list(outside.forge.writes)
    assert driven(published).step == "publish"
    assert outside.forge.writes == before


def test_a_round_that_waits_for_its_page_is_told_at_once(outside: Outside, published: Round) -> None:
    down(published)
    Round.objects.filter(pk=published.pk).update(
        state="waiting", step="deploy", next_at=timezone.now(), finished_at=None
    )
    row = driven(published)
    assert (row.state, row.live, row.watch_until) == ("completed", False, None)


# --- Where it is said -------------------------------------------------------------------------------------------------


def test_status_evidence_and_explanation_say_so_without_the_operators_name(published: Round) -> None:
    address = RoundReport(published).evidence_url.partition("localhost:8000")[2]
    down(published)
    published.refresh_from_db()
    status = Client().get(f"/api/rounds/{published.pk}").json()
    evidence = Client().get(address).content.decode()
    lines = dict(explained(RoundReport(published)))
    for text in (status["taken_down"], evidence, lines["Taken down"], lines["Round"]):
        assert "took the page down" in text
        assert "copied a logo" in text
        assert "ada" not in text.replace("adata", "")
    assert status["live"] is False


def test_the_round_page_asks_first_and_says_what_will_happen(
    operator: Client,
    press: Callable[..., object],
    published: Round,
) -> None:
    address = f"/admin/tasks_app/round/{published.pk}/takedown/"
    assert address in operator.get(f"/admin/tasks_app/round/{published.pk}/change/").content.decode()
    html = operator.get(address).content.decode()
    assert published.pages_url in html
    assert "wait, with attention" in html
    assert not Takedown.objects.exists()
    press(operator, address, reach="private", reason="<b>")
    found = Takedown.objects.get()
    assert (found.reach, found.asked_by, found.next_at is not None) == ("private", "ada", True)
    assert press(operator, address, reach="nonsense").status_code == 404
    take_down_due()
    html = operator.get(address).content.decode()
    assert "Put the page back?" in html
    press(operator, address, undo="1")
    found.refresh_from_db()
    assert found.undo_by == "ada"


def test_a_viewer_may_neither_ask_nor_act(viewer: Client, press: Callable[..., object], published: Round) -> None:
    address = f"/admin/tasks_app/round/{published.pk}/takedown/"
    assert address not in viewer.get(f"/admin/tasks_app/round/{published.pk}/change/").content.decode()
    assert viewer.get(address).status_code == 403
    assert press(viewer, address, reach="pages").status_code == 403
    assert not Takedown.objects.exists()


def test_the_terminal_takes_down_and_puts_back(outside: Outside, published: Round) -> None:
    start = str(published.pk)[:8]
    shown = json.loads(run("takedown", start, "--reason", "copied", "--json"))
    assert (shown["down"], shown["done"], shown["error"]) == (True, True, None)
    assert "put back" in run("takedown", start, "--undo")
    with pytest.raises(CommandError, match="not taken down"):
        run("takedown", start, "--undo")
    outside.forge.faults.before["take_down"] = [Permanent("takedown_refused", "GitHub does not.")]
    with pytest.raises(CommandError, match="nothing tries again by itself: GitHub does not"):
        run("takedown", start)
