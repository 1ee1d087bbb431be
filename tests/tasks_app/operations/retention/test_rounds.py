"""The old rounds that are removed with their rows, those that stay, and other old rows."""

from __future__ import annotations

import pytest
from django.utils import timezone
from django_q.models import Task as QueueTask

from tasks_app.models import MISSING, Attachment, Attempt, CheckResult, Event, Plan, Rejection, Round, Task
from tasks_app.operations.removals import ROUNDS
from tasks_app.queries import attempt_history, briefs
from tests.factories import lease_of, make_round, with_plan
from tests.tasks_app.operations.retention.past import ago, ended, prune

pytestmark = pytest.mark.django_db


def test_old_rounds_go_with_all_that_hangs_on_them_but_the_tasks_newest_published_one() -> None:
    first, second = ended(50), ended(40, round=2)
    for row in (first, second):
        with_plan(row)
    Event.objects.create(at=ago(50), who="service", what="x", round=first)
    assert prune()[ROUNDS.name] == 1
    assert list(Round.objects.all()) == [second]
    assert not Event.objects.filter(what="x")
    assert set(Attempt.objects.values_list("round", flat=True)) == {second.pk}
    assert set(Plan.objects.values_list("round", flat=True)) == {second.pk}
    assert Task.objects.count() == 1


@pytest.mark.parametrize(
    "over",
    [
        {"state": "failed", "step": "notify"},  # its evaluator was never told
        {"watch_until": timezone.now(), "watch_at": timezone.now()},
    ],
)
def test_rounds_with_a_pending_callback_or_liveness_check_stay(over: dict[str, object]) -> None:
    row = ended(50, **over)
    ended(40, round=2)
    prune()
    assert Round.objects.filter(pk=row.pk).exists()


def test_nothing_of_a_task_goes_while_a_round_of_it_moves() -> None:
    ended(50)
    ended(40, round=2)
    lease_of(make_round(round=3))
    assert ROUNDS.name not in prune()


def test_the_round_with_the_newest_page_stays_where_another_was_published_later() -> None:
    second, again = ended(50, round=2), ended(40, round=1)
    fallback = ended(45, round=3, degraded=True)
    assert prune()[ROUNDS.name] == 1
    assert set(Round.objects.all()) == {second, again}
    assert fallback not in Round.objects.all()


def test_the_task_of_rounds_that_were_never_published_goes_with_them() -> None:
    ended(50, state="cancelled", step="generate", published_at=None)
    prune()
    assert (Round.objects.count(), Task.objects.count(), Attachment.objects.count()) == (0, 0, 0)


def test_a_later_round_keeps_what_removed_ones_had_attached_and_had_checked() -> None:
    ended(50)
    first = Round.objects.get()
    Attachment.objects.create(round=first, position=9, name=f"{MISSING}rates.json", note="it could not be had")
    ended(40, round=2, attachments=[])
    later = make_round(round=3, attachments=[])
    before = briefs.protected(later), attempt_history.regression_checks_of(later)
    assert before[0] == ("data.csv",)
    Round.objects.filter(pk=later.pk).update(state="cancelled", next_at=None, finished_at=timezone.now())
    CheckResult.objects.filter(attempt__round__number=2).delete()
    assert prune()[ROUNDS.name] == 1
    assert (briefs.protected(later), attempt_history.regression_checks_of(later)) == before
    again = make_round(round=1, task="sum-of-sales")
    assert attempt_history.regression_checks_of(again) == ()


def test_refused_requests_events_and_the_queues_failures_are_history_too() -> None:
    for days in (29, 31):
        Rejection.objects.create(at=ago(days), status=400)
        Event.objects.create(at=ago(days), who="service", what="x")
        QueueTask.objects.create(id=str(days), name="x", func="f", started=ago(days), stopped=ago(days), success=False)
    assert prune() == {"rejections": 1, "events of no round": 1, "failures of the queue": 1}
    assert (Rejection.objects.count(), Event.objects.count(), QueueTask.objects.count()) == (1, 1, 1)
