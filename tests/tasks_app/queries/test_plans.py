"""Plans read from their rows and written to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from engine.plan.schema import RequestPlan
from tasks_app.models import Attempt, Round
from tasks_app.models import Plan as PlanRow
from tasks_app.queries.plans import earlier_plans, plan_of, plan_row
from tasks_app.reports.round_report import RoundReport
from tasks_app.rounds.journal import DatabaseJournal
from tests.factories import PLAN, SECRET, lease_of, make_round, with_plan

if TYPE_CHECKING:
    from tasks_app.rounds.leases import Lease

pytestmark = pytest.mark.django_db


def journal_of(row: Round) -> tuple[Lease, DatabaseJournal]:
    lease = lease_of(row)
    return lease, DatabaseJournal(lease, row.run)


def published(number: int, plan: object, **over: object) -> Round:
    row = make_round(round=number, published_at=timezone.now(), **over)
    attempt = Attempt.objects.create(round=row, run=row.run, kind="generate", started_at=timezone.now())
    Round.objects.filter(pk=row.pk).update(chosen_attempt=attempt)
    if plan is not None:
        with_plan(row, plan=plan)
    return row


def test_a_plan_is_written_once_a_run_and_read_as_it_was() -> None:
    row = make_round()
    _, journal = journal_of(row)
    call = Attempt.objects.create(round=row, run=1, kind="plan", started_at=timezone.now())
    plan = RequestPlan.model_validate(PLAN)
    refused = [{"item": "files[9]", "reason": "too many"}]
    journal.plan_made(plan.model_dump(mode="json"), attempt=call.pk, refused=refused, why_none="")
    journal.plan_made({"notes": ["another"]}, attempt=None, refused=[], why_none="")
    journal.plan_made(None, attempt=None, refused=[], why_none="no time")
    assert plan_of(row) == plan
    kept = plan_row(row)
    assert (kept.source, kept.attempt_id, kept.refused, kept.edited_by) == ("model", call.pk, refused, "")
    assert PlanRow.objects.count() == 1


def test_that_there_is_none_is_written_with_its_reason_and_stays() -> None:
    row = make_round()
    _, journal = journal_of(row)
    assert RoundReport(row).plan_text is None
    journal.plan_made(None, attempt=None, refused=[], why_none="the call failed")
    journal.plan_made(PLAN, attempt=None, refused=[], why_none="")
    assert plan_of(row) is None
    assert RoundReport(row).plan_text.made == "There is no plan: the call failed"


def test_what_no_row_may_hold_is_taken_out_of_a_plan() -> None:
    row = make_round()
    _, journal = journal_of(row)
    number = {"kind": "json_value", "path": "a.json", "pointer": "/n", "value": float("inf")}
    journal.plan_made(
        {"notes": [f"a {SECRET} b", "nul \x00", "half \ud800"], "tests": [{"says": "s", "predicates": [number]}]},
        attempt=None,
        refused=[{"item": SECRET, "reason": SECRET}],
        why_none="",
    )
    assert plan_of(row).notes == ("a [SECRET] b", "nul \ufffd", "half ?")
    assert plan_of(row).tests[0].predicates[0].value == "inf"
    assert plan_row(row).refused == [{"item": "[SECRET]", "reason": "[SECRET]"}]


def test_earlier_plans_are_those_of_what_was_published_newest_first() -> None:
    published(1, {"notes": ["one"]})
    second = published(2, {"notes": ["two"]})
    published(3, None)
    published(4, {"notes": ["four"]}, email="another@example.com")
    make_round(round=5)
    row = make_round(round=6)
    published(7, {"notes": ["seven"]})
    # A later run of the second round has not published anything.
    PlanRow.objects.create(round=second, run=2, plan={"notes": ["later"]}, source="model", made_at=timezone.now())
    assert [earlier.plan.notes for earlier in earlier_plans(row)] == [("two",), ("one",)]


def test_it_says_who_made_it() -> None:
    row = make_round()
    kept = with_plan(row)
    assert RoundReport(row).plan_text.made == "Made by gpt-x."
    assert RoundReport(row).plan_text.attempt == kept.attempt
    kept.attempt.delete()
    assert RoundReport(row).plan_text.made == "Made by a model."
    PlanRow.objects.update(source="carried")
    assert RoundReport(row).plan_text.made == "Carried on from the run before, made by a model."
    PlanRow.objects.update(edited_by="ada")
    assert RoundReport(row).plan_text.made == "Carried on from the run before, written by ada."
    PlanRow.objects.update(source="operator")
    assert RoundReport(row).plan_text.made == "Written by ada."


def test_a_plan_of_another_version_is_none_and_says_so() -> None:
    row = make_round()
    with_plan(row)
    PlanRow.objects.update(plan={"files": "many"})
    assert plan_of(row) is None
    assert RoundReport(row).plan_text.made == "This version of the service cannot read the plan."
