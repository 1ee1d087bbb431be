from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from engine.errors import OutOfService, Transient
from engine.ports import Look
from tasks_app.models import Breaker, Round
from tasks_app.services.dues import rounds_due
from tests.driving import aged, driven, seconds_until
from tests.factories import make_round

if TYPE_CHECKING:
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db


# --- Out of service ----------------------------------------------------------------------------------------------------------------------


def closed(kind: str) -> OutOfService:
    return OutOfService("refused", "The credential was refused.", kind=kind)


@pytest.mark.parametrize(("kind", "step"), [("model", "generate"), ("forge", "publish")])
def test_what_is_out_of_service_opens_its_breaker_and_the_round_waits_within_its_share(
    outside: Outside, kind: str, step: str
) -> None:
    outside.author.replies = [closed("model")] if kind == "model" else []
    outside.forge.faults.before["create"] = [closed("forge")] if kind == "forge" else []
    row = driven(make_round())
    assert (row.state, row.step, row.crashes, row.failures) == ("waiting", step, 0, 0)
    assert Breaker.objects.get().kind == kind
    assert rounds_due(workers=8) == []
    Breaker.objects.all().delete()
    assert rounds_due(workers=8) == [row.pk]
    assert driven(row).state == "completed"


def test_a_model_that_stays_closed_leads_to_the_honest_page(outside: Outside) -> None:
    outside.author.replies = [closed("model")]
    row = aged(driven(make_round()), 220)
    assert rounds_due(workers=8) == [row.pk]
    assert driven(row).state == "completed"
    assert row.degraded
    assert len(outside.author.asked) == 1


def test_a_forge_that_stays_closed_leaves_the_round_waiting_for_somebody(outside: Outside) -> None:
    outside.forge.faults.before["create"] = [closed("forge")]
    row = aged(driven(make_round()), 310)
    assert driven(row).state == "waiting"
    assert (row.needs_attention, row.step) == (True, "publish")
    assert seconds_until(row) > 10


def test_a_forge_that_is_closed_while_a_later_round_is_generated_makes_no_hot_loop(outside: Outside) -> None:
    driven(make_round())
    outside.forge.faults.before["head"] = [closed("forge")]
    row = driven(make_round(round=2))
    assert (row.state, row.step) == ("waiting", "generate")
    assert seconds_until(row) > 1


# --- The deadline ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["not built", "no connection", "closed", "closed before"])
def test_the_evaluator_is_told_a_tenth_before_the_deadline_whatever_keeps_the_page_from_being_seen(
    outside: Outside, trouble: str
) -> None:
    outside.forge.looks = [Look("building", None)] * 2
    row = aged(driven(make_round()), 541)
    if trouble != "not built":
        error = Transient("down", "No connection.") if trouble == "no connection" else closed("forge")
        outside.forge.faults.before["look"] = [error]
    if trouble == "closed before":
        Breaker.objects.create(kind="forge", code="x", reason="Closed.", since=timezone.now())
    assert driven(row).state == "completed"
    assert (row.live, row.late) == (False, False)
    assert len(outside.notifier.sent) == 1


@pytest.mark.parametrize("retry_after", [None, 3600])
def test_no_wait_for_pages_goes_past_the_time_to_tell(outside: Outside, retry_after: float | None) -> None:
    outside.forge.faults.before["look"] = [Transient("down", "No connection.", retry_after)]
    row = make_round()
    Round.objects.update(
        started_at=row.started_at - timedelta(seconds=539), deadline_at=row.deadline_at - timedelta(seconds=539)
    )
    driven(row)
    assert (row.state, row.step) == ("waiting", "deploy")
    assert row.next_at <= row.started_at + timedelta(seconds=540)


def test_being_told_after_the_deadline_is_late(outside: Outside) -> None:
    row = driven(aged(make_round(), 700))
    assert (row.state, row.late, row.degraded) == ("completed", True, True)
    assert outside.author.asked == []
