"""Takedowns: the row before the effect, what later rounds do, where it is said, and the way back."""

from __future__ import annotations

import json
import re
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
    WORDS,
    TakedownRefusedError,
    takedown_ask,
    takedown_claim,
    takedown_sentence,
    takedown_undo,
    takedowns_due,
)
from tasks_app.reports.explanation import explained
from tasks_app.reports.round_report import RoundReport
from tasks_app.worker import drive
from tasks_app.worker.liveness_check import look_again
from tasks_app.worker.takedown_work import take_down_due
from tests.commands import run
from tests.driving import driven
from tests.factories import SECRET, make_round

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    live_at = published.live_at
    takedown_undo(round_id=published.pk, who="bob")
    assert take_down_due()
    found.refresh_from_db()
    assert found.back_at is not None
    assert outside.forge.writes == [f"down {reach}", "back"]
    look_again(workers=8)
    published.refresh_from_db()
    assert (published.live, published.live_at, published.watch_until) == (True, live_at, None)
    assert "The page serves this commit." in RoundReport(published).headline
    assert "after it was put back" in Event.objects.get(what="live again").text
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
        (OutOfService("forge_permission_missing", "The token may not.", kind="forge"), 60),
        (
            OutOfService("forge_limit_spent", "Spent.", kind="forge", until=timezone.now() + timedelta(hours=1)),
            3600,
        ),
        (Permanent("takedown_refused", "GitHub does not."), None),
    ],
)
def test_what_the_forge_refuses_is_in_the_row_and_only_what_may_pass_is_tried_again(
    outside: Outside, published: Round, monkeypatch: pytest.MonkeyPatch, error: Exception, again: int | None
) -> None:
    now = clock.now()
    if isinstance(error, OutOfService) and error.until:
        error.until = now + timedelta(hours=1)
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


def test_trying_again_keeps_the_reach_and_tells_of_what_is_changed(
    outside: Outside,
    operator: Client,
    press: Callable[..., object],
    published: Round,
) -> None:
    outside.forge.faults.after["take_down"] = [Permanent("takedown_refused", "GitHub does not.")]
    found = down(published, Reach.PRIVATE)
    address = f"/admin/tasks_app/round/{published.pk}/takedown/"
    html = operator.get(address).content.decode()
    assert "it failed, and nobody tries again by itself" in html
    assert 'name="again"' in html
    press(operator, address, again="1")
    found.refresh_from_db()
    assert (found.reach, found.reason) == ("private", "copied a logo")
    with pytest.raises(TakedownRefusedError, match="begun"):
        takedown_ask(round_id=published.pk, who="bob", reach=Reach.PAGES)
    takedown_ask(round_id=published.pk, who="bob", reason="a fake login")
    asked = Event.objects.filter(what="takedown asked again").order_by("pk")
    assert [one.who for one in asked] == ["ada", "bob"]
    assert "the repository is private: a fake login" in asked[1].text
    assert take_down_due()
    assert 'name="again"' not in operator.get(address).content.decode()
    press(operator, address, undo="1")
    assert 'name="again"' not in operator.get(address).content.decode()
    take_down_due()
    press(operator, address, again="1")
    assert Takedown.objects.filter(back_at=None).count() == 0, "a button of an old page begins no takedown"


@pytest.mark.parametrize(("before", "after"), [("pages", "private"), ("private", "archive")])
def test_another_reach_is_taken_before_a_worker_could_have_done_what_it_does_not_undo(
    published: Round, before: str, after: str
) -> None:
    takedown_ask(round_id=published.pk, who="ada", reach=Reach(before))
    found = takedown_ask(round_id=published.pk, who="bob", reach=Reach(after))
    assert found.reach == after
    assert WORDS[Reach(after)] in Event.objects.get(what="takedown asked again", who="bob").text


def test_of_an_undoing_during_a_claim_the_claim_ends_first(outside: Outside, published: Round) -> None:
    real, others = outside.forge.take_down, []

    def and_undone(*arguments: object) -> None:
        takedown_undo(round_id=published.pk, who="bob")
        others.append(take_down_due())  # another worker looks for work before this one has told the forge
        real(*arguments)  # type: ignore[arg-type]

    outside.forge.take_down = and_undone  # type: ignore[method-assign]
    takedown_ask(round_id=published.pk, who="ada")
    assert take_down_due()
    assert others == [False]
    assert take_down_due()
    assert outside.forge.writes == ["down pages", "back"]
    assert Takedown.objects.get().back_at


def test_of_another_reach_during_a_claim_the_claim_ends_first_and_a_failure_keeps_it(
    outside: Outside, published: Round
) -> None:
    real = outside.forge.take_down

    def and_more(*arguments: object) -> None:
        outside.forge.take_down = real  # type: ignore[method-assign]
        takedown_ask(round_id=published.pk, who="bob", reach=Reach.PRIVATE)
        assert not take_down_due()
        raise Permanent("takedown_refused", "GitHub does not.")

    outside.forge.take_down = and_more  # type: ignore[method-assign]
    takedown_ask(round_id=published.pk, who="ada")
    assert take_down_due()
    assert take_down_due()
    assert outside.forge.writes == ["down private"]
    assert Takedown.objects.get().down_at


def test_an_undoing_is_asked_for_once_and_a_repeated_one_tries_again(outside: Outside, published: Round) -> None:
    found = down(published)
    real = outside.forge.put_back

    def and_again(*arguments: object) -> None:
        takedown_undo(round_id=published.pk, who="bob")
        real(*arguments)  # type: ignore[arg-type]

    outside.forge.put_back = and_again  # type: ignore[method-assign]
    outside.forge.faults.before["put_back"] = [Permanent("pages_refused", "Not on this plan.")]
    takedown_undo(round_id=published.pk, who="ada")
    assert take_down_due()
    found.refresh_from_db()
    assert (found.undo_by, found.next_at, found.error) == ("ada", None, "Not on this plan.")
    assert "it failed, and nobody tries again" in takedown_sentence(found, public=True)
    takedown_undo(round_id=published.pk, who="bob")
    assert take_down_due()
    found.refresh_from_db()
    assert (found.undo_by, found.back_at is not None) == ("ada", True)
    assert not take_down_due()


def test_a_takedown_of_a_repository_that_was_deleted_ends_by_putting_it_back(
    outside: Outside, published: Round
) -> None:
    down(published)
    later = driven(make_round(round=2, brief="Make it blue."))
    del outside.forge.repositories[published.repository]
    takedown_undo(round_id=published.pk, who="bob")
    assert take_down_due()
    found = Takedown.objects.get()
    assert (found.back_at is not None, found.next_at) == (True, None)
    assert "no repository" in Event.objects.get(what="takedown ended", who="bob").text
    published.refresh_from_db()
    assert published.watch_until is None
    later = driven(later)
    assert (later.state, later.repository == found.repository) == ("completed", False)


def test_a_page_that_was_seen_live_just_before_it_went_is_not_recorded_as_live(
    outside: Outside, published: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    Round.objects.filter(pk=published.pk).update(
        state="waiting", step="deploy", next_at=timezone.now(), finished_at=None, live=False, live_at=None
    )
    real = drive.deploy

    def and_taken_down(*arguments: object) -> object:
        seen = real(*arguments)  # type: ignore[arg-type]
        down(published)
        return seen

    monkeypatch.setattr(drive, "deploy", and_taken_down)
    row = driven(published)
    assert (row.state, row.live, row.watch_until) == ("completed", False, None)
    assert row.live_at


def test_a_page_that_is_put_back_while_its_callback_waits_is_looked_for(outside: Outside, published: Round) -> None:
    down(published)
    Round.objects.filter(pk=published.pk).update(
        state="waiting", step="notify", next_at=timezone.now() + timedelta(hours=1), finished_at=None
    )
    takedown_undo(round_id=published.pk, who="bob")
    assert take_down_due()
    look_again(workers=8)
    published.refresh_from_db()
    assert (published.state, published.live) == ("waiting", True)


def test_a_cancelled_regeneration_without_a_page_is_not_looked_for(outside: Outside, published: Round) -> None:
    down(published)
    Round.objects.filter(pk=published.pk).update(state="cancelled", step="generate", chosen_attempt=None)
    takedown_undo(round_id=published.pk, who="bob")
    assert take_down_due()
    published.refresh_from_db()
    assert published.watch_until is None


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


def test_a_round_waits_where_it_publishes_and_not_where_the_task_published_last(
    outside: Outside, published: Round
) -> None:
    later = make_round(round=2, brief="Make it blue.")
    real = outside.forge.tree

    def and_another_first_round(*arguments: object) -> Mapping[str, bytes]:
        outside.forge.tree = real  # type: ignore[method-assign]
        other = driven(make_round())
        assert other.repository != published.repository
        down(published)
        return real(*arguments)  # type: ignore[arg-type]

    outside.forge.tree = and_another_first_round  # type: ignore[method-assign]
    later = driven(later)
    assert (later.state, later.step, later.repository) == ("waiting", "publish", published.repository)
    assert outside.forge.writes.count("commit") == 1, "that of the other first round"


def test_the_page_names_the_addresses_that_were_taken_down(operator: Client, published: Round) -> None:
    down(published)
    later = make_round(round=2, brief="Make it blue.")
    panel = operator.get(f"/admin/tasks_app/round/{published.pk}/status/").content.decode()
    assert all(f">{name}</a>, <a" in panel for name in ("repository", "page"))
    html = operator.get(f"/admin/tasks_app/round/{later.pk}/takedown/").content.decode()
    assert f"{published.pages_url} serves the newest commit again" in html


def test_no_error_of_a_takedown_is_public(outside: Outside, published: Round) -> None:
    outside.forge.faults.before["take_down"] = [Permanent("takedown_refused", "GitHub says something private.")]
    down(published)
    later = driven(make_round(round=2, brief="Make it blue."))
    Round.objects.filter(pk=published.pk).update(
        state="waiting", step="deploy", next_at=timezone.now(), finished_at=None
    )
    driven(published)
    for row in (published, later):
        status = Client().get(f"/api/rounds/{row.pk}").content.decode()
        assert "take the page down; it failed" in status
        assert "something private" not in status


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
        assert not re.search(r"\bada\b", text)  # a hash may hold these letters too
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
