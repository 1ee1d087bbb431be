"""The liveness checks of a page that was not live yet when the callback was due."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from django.utils import timezone

from engine.domain.backoff import REBUILDS
from engine.domain.repository import PagesBuild
from engine.errors import LeaseLost, OutOfService, Transient
from tasks_app.models import Breaker, Event, PagesStatus, Round
from tasks_app.operations.breakers import breaker_trip
from tasks_app.reports.headline import headline
from tasks_app.rounds.journal import LivenessJournal
from tasks_app.rounds.liveness_watches import look_claim, looks_due, rounds_looking
from tasks_app.rounds.operator_actions import round_notify_again, round_regenerate
from tasks_app.worker.liveness_check import look_again
from tests.driving import driven
from tests.factories import make_round

if TYPE_CHECKING:
    from uuid import UUID

    from tests.conftest import Outside

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def reported_before_live(outside: Outside, **over: object) -> Round:
    """Return a round whose callback was sent because its time was over, before its page was live."""
    outside.forge.looks += [PagesBuild("building", None)] * 2
    row = driven(make_round(**over))
    past = timezone.now() - timedelta(seconds=560)
    Round.objects.filter(pk=row.pk).update(started_at=past, deadline_at=past + timedelta(seconds=600))
    row = driven(row)
    assert (row.state, row.live, row.late) == ("completed", False, False)
    return row


def looked(row: Round) -> Round:
    """Look as if the time for it had come."""
    Round.objects.filter(pk=row.pk, watch_at__isnull=False).update(watch_at=timezone.now() - SECOND)
    look_again(workers=8)
    row.refresh_from_db()
    return row


def test_a_page_that_is_live_after_the_callback_is_recorded_and_no_callback_is_repeated(outside: Outside) -> None:
    row = reported_before_live(outside)
    assert row.watch_until - row.finished_at == pytest.approx(timedelta(minutes=30), abs=timedelta(minutes=1))
    assert "still looked for" in headline(row, timezone.now())
    outside.forge.looks.append(PagesBuild("building", None))
    row = looked(row)
    assert row.watch_token is None
    assert timedelta(seconds=14) < row.watch_at - timezone.now() < timedelta(seconds=16)
    row = looked(row)
    assert (row.state, row.live, row.watch_at, row.watch_until) == ("completed", True, None, None)
    assert "later and serves this commit now" in headline(row, timezone.now())
    event = Event.objects.get(round=row, what="live after the callback")
    assert "s after the evaluator had to be told" in event.text
    assert [seen.live for seen in row.pages_statuses.all()] == [False, False, False, True]
    assert len(outside.notifier.sent) == 1
    assert row.notifications.count() == 1


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (PagesBuild("superseded", "f" * 40, "a later commit ffffffffff is built in its place"), "overtaken"),
        (PagesBuild("errored", None, "no", "7"), "failed 7 times"),
    ],
)
def test_a_page_that_will_never_come_is_given_up(outside: Outside, look: PagesBuild, reason: str) -> None:
    row = reported_before_live(outside)
    row.commits.update(rebuilds=len(REBUILDS), rebuild_after="6", rebuild_asked_at=timezone.now())
    outside.forge.looks.append(look)
    row = looked(row)
    assert (row.live, row.watch_at, row.watch_until) == (False, None, None)
    assert reason in Event.objects.get(round=row, what="watch ended").text


def test_a_build_that_fails_after_the_callback_is_asked_for_once_more(outside: Outside) -> None:
    row = reported_before_live(outside)
    Round.objects.filter(pk=row.pk).update(published_at=timezone.now() - 20 * SECOND)
    outside.forge.looks += [PagesBuild("errored", None, "no", "1")] * 3
    for _ in range(3):
        row = looked(row)
    assert outside.forge.writes.count("rebuild") == 1
    assert looked(row).live


def test_after_half_an_hour_nobody_looks_any_more(outside: Outside) -> None:
    row = reported_before_live(outside)
    Round.objects.filter(pk=row.pk).update(watch_until=timezone.now() - SECOND)
    outside.forge.looks.append(PagesBuild("building", None))
    row = looked(row)
    assert (row.live, row.watch_at) == (False, None)
    seen = PagesStatus.objects.count()
    looked(row)
    assert PagesStatus.objects.count() == seen


def test_a_look_that_died_is_taken_again_and_what_it_still_writes_is_refused(outside: Outside) -> None:
    row = reported_before_live(outside)
    Round.objects.filter(pk=row.pk).update(watch_at=timezone.now() - SECOND)
    claimed = look_claim(workers=8)
    assert claimed
    assert looks_due(workers=8) == []
    Round.objects.filter(pk=row.pk).update(watch_at=timezone.now() - SECOND)
    assert looked(row).live
    with pytest.raises(LeaseLost):
        LivenessJournal(row.pk, row.run, claimed[1]).pages_seen(
            build=PagesBuild("built", None), http_status=1, live=False, reason=""
        )


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_looks(outside: Outside) -> None:
    row = reported_before_live(outside)
    Round.objects.filter(pk=row.pk).update(watch_at=timezone.now() - SECOND)

    def claim(_: int) -> tuple[UUID, UUID] | None:
        try:
            return look_claim(workers=16)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert sum(map(bool, threads.map(claim, range(4)))) == 1


def test_watched_pages_take_a_quarter_of_the_workers_at_most(outside: Outside) -> None:
    for number in range(5):
        reported_before_live(outside, task=f"task-{number}")
    Round.objects.update(watch_at=timezone.now() - SECOND)
    assert rounds_looking() == 5
    assert len(looks_due(workers=8)) == 2
    assert [bool(look_claim(workers=8)) for _ in range(3)] == [True, True, False]
    assert look_claim(workers=12)
    Round.objects.update(watch_at=timezone.now() - SECOND)
    assert len(looks_due(workers=1)) == 1


def test_a_forge_out_of_service_is_not_asked(outside: Outside) -> None:
    row = reported_before_live(outside)
    outside.forge.faults.before["pages_build"].append(OutOfService("forge_token_refused", "No token.", kind="forge"))
    row = looked(row)
    assert Breaker.objects.get(closed_at=None).kind == "forge"
    assert row.watch_at > timezone.now() + timedelta(seconds=50)
    Round.objects.update(watch_at=timezone.now() - SECOND)
    assert looks_due(workers=8) == []


def test_githubs_trouble_is_a_look_like_others(outside: Outside) -> None:
    row = reported_before_live(outside)
    outside.forge.faults.before["pages_build"].append(Transient("forge_unwell", "GitHub answered 502."))
    row = looked(row)
    assert row.pages_statuses.last().reason == "GitHub answered 502."
    assert looked(row).live


def test_a_breaker_that_is_open_when_time_is_over_is_watched_past_too(outside: Outside) -> None:
    row = make_round()
    outside.forge.looks.append(PagesBuild("building", None))
    row = driven(row)
    breaker_trip(error=OutOfService("forge_token_refused", "No token.", kind="forge"))
    past = timezone.now() - SECOND
    Round.objects.filter(pk=row.pk).update(share_ends_at=past)
    row = driven(row)
    assert (row.state, row.live) == ("completed", False)
    assert row.watch_until


def test_a_regeneration_ends_the_watch_and_a_repeated_notice_does_not(outside: Outside) -> None:
    row = reported_before_live(outside)
    round_notify_again(round_id=row.pk, who="ada")
    row.refresh_from_db()
    assert row.watch_until
    row = driven(row)
    round_regenerate(round_id=row.pk, who="ada")
    row.refresh_from_db()
    assert (row.watch_until, row.watch_at, row.watch_token) == (None, None, None)
