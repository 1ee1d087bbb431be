"""What goes of rehearsals: old screenshots, ended rehearsals, and calls that named no task."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks_app.models import IssuedTask, NotifyCall, Rehearsal, RehearsalResult, Submission
from tasks_app.operations.removals import REHEARSAL_SCREENSHOTS, REHEARSALS, STRAY_CALLS
from tests.rehearsals import make_issued, make_rehearsal, make_submission
from tests.tasks_app.operations.retention.past import ago, prune

pytestmark = pytest.mark.django_db


def _judged(name: str, days: float, *, ended: bool = True, submissions: int = 1) -> Rehearsal:
    row = make_rehearsal(name, created_at=ago(days + 1), ended_at=ago(days) if ended else None)
    for number in range(submissions):
        issued = make_issued(make_submission(row, f"s{number}@example.com"), judged_at=ago(days), scores=[1, 0.5])
        issued.results.filter(number=2).update(screenshot=b"JPEG" * 1000)
        NotifyCall.objects.create(issued=issued, at=ago(days), status_code=200)
    return row


def test_old_screenshots_go_and_the_results_stay() -> None:
    _judged("old", 11)
    young = _judged("young", 9)
    assert prune() == {REHEARSAL_SCREENSHOTS.name: 1}
    kept = RehearsalResult.objects.exclude(screenshot=b"")
    assert [row.issued.submission.rehearsal for row in kept] == [young]
    assert list(RehearsalResult.objects.values_list("score", flat=True)) == [1, 0.5] * 2
    assert prune() == {}


def test_ended_rehearsals_go_with_all_their_rows() -> None:
    _judged("old", 31, submissions=12)
    young, open_one = _judged("young", 29), _judged("not ended", 100, ended=False)
    assert prune()[REHEARSALS.name] == 1
    assert set(Rehearsal.objects.all()) == {young, open_one}
    assert {model.objects.count() for model in (Submission, IssuedTask, NotifyCall)} == {2}


def test_a_rehearsal_goes_in_short_transactions() -> None:
    row = _judged("old", 31, submissions=12)
    with CaptureQueriesContext(connection) as queries:
        REHEARSALS.remove([row.pk])
    deleted = [one["sql"] for one in queries if one["sql"].startswith('DELETE FROM "tasks_app_submission"')]
    assert len(deleted) == 3


def test_calls_that_named_no_task_go() -> None:
    for days in (31, 29):
        NotifyCall.objects.create(at=ago(days), status_code=400, reason="The body is not JSON.")
    assert prune() == {STRAY_CALLS.name: 1}
    assert NotifyCall.objects.get().at > ago(30)
