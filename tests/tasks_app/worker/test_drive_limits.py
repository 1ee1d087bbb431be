from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from engine.domain.repository import PagesBuild
from engine.errors import OutOfService, Permanent, RateLimited, Transient
from tasks_app.models import Breaker, Commit, Round, Task
from tasks_app.operations import clock
from tasks_app.operations.breakers import breaker_close, breaker_trip
from tasks_app.rounds.schedule import rounds_due
from tests.driving import aged, driven, must_wait
from tests.factories import make_round

if TYPE_CHECKING:
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db


# --- Out of service ---------------------------------------------------------------------------------------------------


def refused(kind: str) -> OutOfService:
    return OutOfService("refused", "The credential was refused.", kind=kind)


@pytest.mark.parametrize(("kind", "step"), [("model", "generate"), ("forge", "publish")])
def test_what_is_out_of_service_opens_its_breaker_and_the_round_waits_within_its_share(
    outside: Outside, kind: str, step: str
) -> None:
    outside.author.replies = [refused("model")] if kind == "model" else []
    outside.forge.faults.before["create"] = [refused("forge")] if kind == "forge" else []
    row = driven(make_round())
    assert (row.state, row.step, row.crashes, row.failures) == ("waiting", step, 0, 0)
    assert Breaker.objects.get().kind == kind
    assert rounds_due(workers=8) == []
    Breaker.objects.all().delete()
    assert rounds_due(workers=8) == [row.pk]
    assert driven(row).state == "completed"


def test_a_model_whose_breaker_stays_open_leads_to_the_fallback_page(outside: Outside) -> None:
    outside.author.replies = [refused("model")]
    row = aged(driven(make_round()), 220)
    assert rounds_due(workers=8) == [row.pk]
    assert driven(row).state == "completed"
    assert row.degraded
    assert len(outside.author.asked) == 1


@pytest.mark.parametrize("kind", ["model", "forge"])
def test_only_a_round_that_nothing_could_publish_gets_more_time_than_its_deadline_allows(
    outside: Outside, kind: str
) -> None:
    breaker_trip(error=refused(kind))
    row = driven(make_round())
    assert (row.state, row.step) == ("waiting", "generate")
    aged(row, 450)
    breaker_close(kind=kind, who="ada")
    row = driven(row)
    assert (row.reduced_until is not None) == (kind == "forge")
    assert row.degraded == (kind == "model")
    assert bool(outside.author.asked) == (kind == "forge")


def test_a_forge_whose_breaker_stays_open_leaves_the_round_waiting_for_somebody(outside: Outside) -> None:
    outside.forge.faults.before["create"] = [refused("forge")]
    row = aged(driven(make_round()), 310)
    assert driven(row).state == "waiting"
    assert (row.needs_attention, row.step) == (True, "publish")
    must_wait(row, 10)


def test_a_forge_that_refuses_while_a_later_round_is_generated_makes_no_hot_loop(outside: Outside) -> None:
    driven(make_round())
    outside.forge.faults.before["head"] = [refused("forge")]
    row = driven(make_round(round=2))
    assert (row.state, row.step) == ("waiting", "generate")
    must_wait(row, 1)


# --- The deadline -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["not built", "no connection", "refused", "refused before"])
def test_the_callback_is_sent_a_tenth_before_the_deadline_even_if_the_page_is_not_live(
    outside: Outside, trouble: str
) -> None:
    outside.forge.looks = [PagesBuild("building", None)] * 2
    row = aged(driven(make_round()), 541)
    if trouble != "not built":
        error = Transient("down", "No connection.") if trouble == "no connection" else refused("forge")
        outside.forge.faults.before["pages_build"] = [error]
    if trouble == "refused before":
        Breaker.objects.create(kind="forge", code="x", reason="Refused.", since=timezone.now())
    assert driven(row).state == "completed"
    assert (row.live, row.late) == (False, False)
    assert len(outside.notifier.sent) == 1


@pytest.mark.parametrize("retry_after", [None, 3600])
def test_no_wait_for_pages_goes_past_the_time_to_tell(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, retry_after: float | None
) -> None:
    outside.forge.faults.before["pages_build"] = [Transient("down", "No connection.", retry_after)] * 9
    row = driven(make_round())
    left = len(outside.forge.faults.before["pages_build"])
    now = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: now)  # only a second is left, which a busy machine would use up
    past = now - row.started_at - timedelta(seconds=539)
    Round.objects.update(started_at=row.started_at + past, deadline_at=row.deadline_at + past)
    driven(row)
    assert len(outside.forge.faults.before["pages_build"]) < left
    assert (row.state, row.step) == ("waiting", "deploy")
    assert row.next_at <= now + timedelta(seconds=1)


def test_a_callback_sent_after_the_deadline_is_late(outside: Outside) -> None:
    row = driven(aged(make_round(), 700))
    assert (row.state, row.late, row.degraded) == ("completed", True, True)
    assert outside.author.asked == []


# --- The forge's pace and what goes away there ------------------------------------------------------------------------


def test_waiting_for_ones_turn_is_no_failure_and_calls_nobody(outside: Outside) -> None:
    outside.forge.faults.before["create"] = [RateLimited("forge_pace", "Its turn comes in 7.0 s.", 7.0)] * 2
    row = aged(driven(make_round()), 310)
    assert (row.state, row.step, row.failures, row.needs_attention) == ("waiting", "publish", 0, False)
    assert driven(row).needs_attention is False
    must_wait(row, 7, 7)
    assert "Its turn comes" in row.waiting_on
    assert driven(row).state == "completed"


def test_a_later_round_whose_repository_is_gone_goes_to_a_new_one_with_what_was_published(outside: Outside) -> None:
    first = driven(make_round())
    old = outside.forge.repositories.pop(first.repository)
    row = driven(make_round(round=2, attachments=[]))
    assert row.state == "completed"
    assert row.repository != first.repository
    inside = outside.forge.repositories[row.repository]
    assert inside.commits[inside.head].parent is None
    assert inside.commits[inside.head].files["data.csv"] == old.commits[old.head].files["data.csv"]
    assert any("new repository" in warning for warning in row.warnings)
    assert Task.objects.get().repository == row.repository


def test_a_repository_that_goes_before_the_first_push_is_made_again_with_the_same_commit(outside: Outside) -> None:
    outside.forge.faults.before["commit"] = [
        Transient("lost", "No answer."),
        Permanent("repository_gone", "It is gone."),
    ]
    row = driven(driven(make_round()))
    assert row.state == "completed"
    commit = Commit.objects.get()
    assert (commit.sha, commit.abandoned_at) == (row.commit_sha, None)
    assert len(outside.forge.repositories[row.repository].commits) == 1


def test_a_later_round_has_the_pages_address_before_it_is_published_and_asks_for_none(outside: Outside) -> None:
    first = driven(make_round())
    asked = []
    outside.forge.enable_pages = lambda place, source: asked.append(place) or place
    row = driven(make_round(round=2))
    assert (row.state, row.pages_url) == ("completed", first.pages_url)
    assert [place.pages_url for place in asked] == [first.pages_url]
