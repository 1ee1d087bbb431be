"""The due rounds, their order, and how many of them may be taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from engine.domain.lifecycle import Step
from engine.errors import OutOfService
from tasks_app.models import Alert, Attachment, Event, NotificationAttempt, Round, Takedown
from tasks_app.operations.breakers import breaker_close, breaker_trip, breakers_open
from tasks_app.operations.workers import worker_beat
from tasks_app.rounds.schedule import callbacks_due, clock_set_back, may_go_on, rounds_due, work_claim
from tests.factories import lease_of, make_round

if TYPE_CHECKING:
    from uuid import UUID


pytestmark = pytest.mark.django_db
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def due(workers: int = 8) -> list[UUID]:
    return rounds_due(workers=workers)


def ended(state: str) -> dict[str, object]:
    return {"state": state, "next_at": None, "finished_at": timezone.now(), "commit_sha": "1" * 40}


# --- What is due ------------------------------------------------------------------------------------------------------


def test_a_new_round_is_due_at_once() -> None:
    row = make_round()
    assert due() == [row.pk]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the server's clock counts")
def test_when_the_clock_was_set_back_what_is_under_way_goes_on_at_once_with_its_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = make_round(started_at=timezone.now() - 2 * HOUR, next_at=timezone.now() + HOUR)
    row, leased, gone = make_round(), make_round(), make_round(**ended("completed"))
    lease_of(leased)
    breaker_trip(error=OutOfService("busy", "It is busy.", kind="model", until=timezone.now() + 60 * SECOND))
    before = {one.pk: one for one in Round.objects.all()}
    with monkeypatch.context() as earlier:
        earlier.setattr("django.utils.timezone.now", lambda: datetime.now(UTC) - 2 * HOUR)
        assert due() == []
        by = clock_set_back()
        assert by
        assert abs(by - 2 * HOUR) < 30 * SECOND
        assert clock_set_back() is None
        after = {one.pk: one for one in Round.objects.all()}
        for one in (row, leased):
            for name in ("created_at", "started_at", "deadline_at", "next_at", "share_ends_at"):
                assert getattr(before[one.pk], name) - getattr(after[one.pk], name) == by
        assert before[leased.pk].lease_until - after[leased.pk].lease_until == by
        assert breakers_open()["model"].until < timezone.now() + 70 * SECOND
        breaker_close(kind="model", who="test")
        assert row.pk in due()
        for one in (old, gone):
            assert (after[one.pk].started_at, after[one.pk].next_at) == (
                before[one.pk].started_at,
                before[one.pk].next_at,
            )
    assert Event.objects.get(what="clock set back")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the server's clock counts")
def test_when_the_clock_was_set_back_all_that_waits_comes_as_soon_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    soon = now + 30 * SECOND
    worker_beat(worker="supervisor:dispatcher")
    waits = make_round(started_at=now - 3 * HOUR, next_at=soon)
    watched = make_round(watch_at=soon, watch_until=now + 600 * SECOND, **ended("completed"))
    alert = Alert.objects.create(key="a", cause="disk", text="t", at=now, begun_at=now, next_at=soon)
    takedown = Takedown.objects.create(
        owner="o", repository="r", round_id=watched.pk, reach="pages", asked_at=now - 3 * HOUR, next_at=soon
    )
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime.now(UTC) - 2 * HOUR)
    by = clock_set_back()
    assert by
    assert abs(by - 2 * HOUR) < 30 * SECOND
    assert clock_set_back() is None
    for row in (waits, watched, alert, takedown):
        row.refresh_from_db()
    assert {waits.next_at, watched.watch_at, alert.next_at, takedown.next_at} == {soon - by}
    assert (watched.watch_until, alert.begun_at) == (now + 600 * SECOND - by, now - by)
    assert waits.started_at == now - 3 * HOUR


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the server's clock counts")
@pytest.mark.parametrize("sign", ["watch", "takedown"])
def test_a_wait_that_nothing_sets_so_long_shows_that_the_clock_was_set_back(sign: str) -> None:
    later = timezone.now() + 20 * HOUR
    row = make_round(**({"watch_at": later, "watch_until": later} if sign == "watch" else {}), **ended("completed"))
    if sign == "takedown":
        Takedown.objects.create(
            owner="o", repository="r", round_id=row.pk, reach="pages", asked_at=timezone.now(), next_at=later
        )
    assert clock_set_back()
    assert clock_set_back() is None
    times = [*Takedown.objects.values_list("next_at", flat=True), *Round.objects.values_list("watch_at", flat=True)]
    assert all(time is None or time < timezone.now() + 2 * HOUR for time in times)


def test_a_clock_that_goes_on_moves_nothing() -> None:
    make_round()
    make_round(next_at=timezone.now() + HOUR)
    soon = timezone.now() + HOUR / 2
    row = make_round(watch_at=soon, watch_until=soon, **ended("completed"))
    Takedown.objects.create(owner="o", repository="r", round_id=row.pk, reach="pages", asked_at=soon, next_at=soon)
    worker_beat(worker="supervisor:dispatcher")
    assert clock_set_back() is None


@pytest.mark.parametrize(
    "over",
    [
        {"next_at": timezone.now() + timedelta(hours=1)},
        ended("completed"),
        ended("failed"),
        ended("cancelled"),
    ],
    ids=["not yet", "completed", "failed", "cancelled"],
)
def test_what_is_not_due_is_not_named(over: dict[str, object]) -> None:
    make_round(**over)
    assert due() == []


def test_a_leased_round_is_due_again_when_its_lease_has_run_out() -> None:
    row = make_round()
    lease_of(row)
    assert due() == []
    Round.objects.update(lease_until=timezone.now() - SECOND)
    assert due() == [row.pk]


# --- The order of a task's rounds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["generate", "verify", "publish"])
@pytest.mark.parametrize("state", ["queued", "running", "waiting"])
def test_round_2_waits_while_round_1_is_not_published(step: str, state: str) -> None:
    first = make_round(step=step, state=state)
    make_round(round=2)
    assert due() == [first.pk]


@pytest.mark.parametrize(
    "over",
    [
        {"step": "deploy"},
        {"step": "notify", "state": "waiting"},
        ended("failed"),
        ended("cancelled"),
        ended("completed"),
    ],
    ids=["deploy", "notify", "failed", "cancelled", "completed"],
)
def test_round_2_waits_no_longer_once_round_1_is_published_or_has_ended(over: dict[str, object]) -> None:
    make_round(**over)
    second = make_round(round=2)
    assert second.pk in due()


def test_round_2_goes_first_only_while_its_round_1_is_not_there() -> None:
    second = make_round(round=2)
    assert due() == [second.pk]
    first = make_round(round=1)
    assert due() == [first.pk]


def test_later_rounds_of_one_number_go_by_their_arrival_and_first_ones_do_not_wait() -> None:
    earlier, later = make_round(round=2), make_round(round=2)
    assert due() == [earlier.pk]
    Round.objects.filter(pk=earlier.pk).update(step="deploy")
    assert later.pk in due()
    firsts = {make_round(task="other", round=1).pk for _ in range(2)}
    assert firsts < set(due())


def test_another_task_or_email_waits_for_nobody() -> None:
    rows = [make_round(), make_round(round=2, task="other"), make_round(round=2, email="other@example.com")]
    assert set(due()) == {row.pk for row in rows}


def test_a_published_round_is_polled_regardless_of_earlier_rounds() -> None:
    make_round(round=1)
    second = make_round(round=2, step="deploy")
    assert second.pk in due()


# --- Breakers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "held"), [("model", {"generate"}), ("forge", {"publish", "deploy"})])
def test_a_breaker_holds_what_needs_it_until_the_share_ends(kind: str, held: set[str]) -> None:
    steps = ["generate", "verify", "publish", "deploy"]
    rows = {step: make_round(task=step, step=step, share_ends_at=timezone.now() + 60 * SECOND) for step in steps}
    breaker_trip(error=OutOfService("x", "Refused.", kind=kind))
    assert {step for step, row in rows.items() if row.pk not in due()} == held
    Round.objects.update(share_ends_at=timezone.now() - SECOND)
    assert set(due()) == {row.pk for row in rows.values()}


# --- Room -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("workers", "places"), [(1, 1), (2, 1), (3, 2), (8, 4)])
def test_polls_get_at_most_half_of_the_workers_rounded_up(workers: int, places: int) -> None:
    for number in range(6):
        make_round(task=f"t{number}", step="deploy")
    assert len(due(workers)) == places


def test_polls_under_way_count_against_their_half() -> None:
    rows = [make_round(task=f"t{n}", step="deploy") for n in range(6)]
    lease_of(rows[0])
    assert len(due(6)) == 2


def test_polls_come_before_new_work_and_the_oldest_first() -> None:
    now = timezone.now()
    poll = make_round(task="p", step="deploy", next_at=now - 60 * SECOND)
    young = make_round(task="y", next_at=now - SECOND)
    old = make_round(task="o", next_at=now - 9 * SECOND)
    assert due() == [poll.pk, old.pk, young.pk]


def test_no_more_work_is_named_than_there_are_workers() -> None:
    for number in range(7):
        make_round(task=f"t{number}")
    assert len(due(4)) == 4


# --- No outside party holds all workers -------------------------------------------------------------------------------


def fetching(task: str, **over: object) -> Round:
    row = make_round(task=task, **over)
    Attachment.objects.create(round=row, position=9, name="a.csv", url="https://slow.example/a.csv")
    return row


def test_a_callback_takes_no_worker() -> None:
    row = make_round(step="notify")
    assert due() == []
    assert [one.round_id for one in callbacks_due(most=9)] == [row.pk]
    assert not may_go_on(Step.NOTIFY, workers=8)


def test_callbacks_that_were_never_tried_come_first() -> None:
    now = timezone.now()
    tried = make_round(task="tried", step="notify", next_at=now - 99 * SECOND)
    NotificationAttempt.objects.create(round=tried, run=1, number=1, url="u", body=b"", headers={}, started_at=now)
    later, earlier = (make_round(task=f"t{n}", step="notify", next_at=now - n * SECOND) for n in (1, 2))
    lease_of(make_round(task="driven", step="notify"))
    make_round(task="not yet", step="notify", next_at=now + 60 * SECOND)
    assert [one.round_id for one in callbacks_due(most=9)] == [earlier.pk, later.pk, tried.pk]


@pytest.mark.parametrize(("workers", "places"), [(1, 1), (2, 1), (8, 7)])
def test_one_worker_is_left_where_others_fetch_attachments(workers: int, places: int) -> None:
    slow = [fetching(f"t{n}", next_at=timezone.now() - (99 - n) * SECOND).pk for n in range(9)]
    plain = make_round(task="plain").pk
    assert due(workers) == [*slow[:places], plain][:workers]
    for round_id in slow[:places]:
        lease_of(Round.objects.get(pk=round_id))
    claimed = work_claim(owner="a:1", workers=workers)
    assert claimed
    assert claimed.round_id == plain


def test_a_file_that_is_there_or_cannot_be_had_is_not_fetched_again() -> None:
    for task, over in (("there", {"content": b"x"}), ("missing", {"note": "it answered 404"})):
        Attachment.objects.filter(round=fetching(task)).update(**over)
    assert len(due(2)) == 2


@pytest.mark.parametrize("step", ["publish", "deploy"])
def test_one_worker_is_left_where_others_talk_to_the_forge(step: str) -> None:
    lease_of(make_round(task="slow", step=step))
    waiting = make_round(task="waiting", step="publish")
    plain = make_round(task="plain")
    assert due(2) == [plain.pk]
    assert may_go_on(Step.PUBLISH, workers=2)  # this round itself
    lease_of(waiting)
    assert not may_go_on(Step.PUBLISH, workers=2)
    assert may_go_on(Step.VERIFY, workers=2)


def test_a_look_at_a_watched_page_counts_too() -> None:
    now = timezone.now()
    watch = {"watch_at": now + 60 * SECOND, "watch_until": now + 90 * SECOND, "watch_token": "0" * 32}
    make_round(task="looked at", **ended("completed"), **watch)
    make_round(task="waiting", step="publish")
    assert due(2) == []


def test_a_round_that_is_written_is_published_before_a_new_one_begins() -> None:
    new = make_round(task="new", next_at=timezone.now() - 99 * SECOND)
    written = make_round(task="written", step="publish")
    assert due(8) == [written.pk, new.pk]
