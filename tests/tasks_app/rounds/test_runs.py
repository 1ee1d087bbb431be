from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from tasks_app.models import Attempt, Event, Round
from tasks_app.rounds.runs import round_revive
from tests.factories import make_round, with_plan

pytestmark = pytest.mark.django_db


def failed(**over: object) -> Round:
    return make_round(state="failed", next_at=None, finished_at=timezone.now(), error_code="x", **over)


def revive(row: Round) -> bool:
    done = round_revive(round_id=row.pk, who="operator")
    row.refresh_from_db()
    return done


@pytest.mark.parametrize("step", ["generate", "verify", "publish", "deploy", "notify"])
def test_a_failed_round_goes_on_at_its_first_unfinished_step(step: str) -> None:
    row = failed(step=step)
    assert revive(row)
    assert (row.state, row.step, row.run, row.error_code) == ("queued", step, 2, "")
    assert (row.deadline_at - row.started_at).total_seconds() == 600
    assert row.started_at < row.share_ends_at <= row.deadline_at
    assert not revive(row)
    assert Event.objects.get().who == "operator"


def test_a_fallback_page_that_was_never_pushed_is_replaced() -> None:
    row = failed(step="publish", degraded=True)
    attempt = Attempt.objects.create(round=row, run=1, kind="fallback", started_at=timezone.now())
    Round.objects.update(chosen_attempt=attempt, chosen_at=timezone.now())
    assert revive(row)
    assert (row.step, row.degraded, row.chosen_attempt, row.chosen_at) == ("generate", False, None, None)
    assert (row.share_ends_at - row.started_at).total_seconds() == pytest.approx(216)


def test_a_fallback_page_that_was_pushed_stays() -> None:
    row = failed(step="notify", degraded=True, commit_sha="1" * 40)
    assert revive(row)
    assert (row.step, row.degraded) == ("notify", True)


def test_a_revived_round_goes_on_with_its_plan() -> None:
    row = failed(step="generate")
    with_plan(row)
    assert revive(row)
    assert list(row.plans.values_list("run", "source")) == [(1, "model"), (2, "carried")]


@pytest.mark.django_db(transaction=True)
def test_of_eight_revivals_at_once_one_counts() -> None:
    row = failed()

    def one(_: int) -> bool:
        try:
            return round_revive(round_id=row.pk, who="operator")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 1
    row.refresh_from_db()
    assert row.run == 2
