from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connections
from django.utils import timezone

from engine.domain.lifecycle import State, Step
from engine.errors import LeaseLost
from engine.plan.schema import RequestPlan
from tasks_app.models import Attempt, Commit, Event, NotificationAttempt, Round, StepRun
from tasks_app.models import Plan as PlanRow
from tasks_app.rounds import transitions
from tasks_app.rounds.interruptions import CANCELLED
from tasks_app.rounds.operator_actions import (
    PLAN_EDITED,
    Action,
    RoundConflictError,
    refusal,
    round_cancel,
    round_notify_again,
    round_plan_edit,
    round_regenerate,
    round_retry,
)
from tests.driving import driven
from tests.factories import PLAN, dump, lease_of, make_round, with_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

ACTS = {
    Action.RETRY: round_retry,
    Action.REGENERATE: round_regenerate,
    Action.NOTIFY_AGAIN: round_notify_again,
    Action.CANCEL: round_cancel,
}


def status_panel(state: str, step: str = "publish", **over: object) -> Round:
    ended = {"next_at": None, "finished_at": timezone.now()} if state in {"completed", "failed", "cancelled"} else {}
    return make_round(
        state=state, step=step, **ended, **{"commit_sha": "1" * 40 if state == "completed" else ""} | over
    )


def completed(outside: Outside) -> Round:
    row = driven(make_round())
    assert row.state == "completed", row.waiting_on or row.error_message
    assert outside.notifier.sent
    return row


#: Which act makes sense for which round: (state, step, needs_attention).
SENSE = {
    ("queued", "generate", False): {Action.CANCEL},
    ("running", "verify", False): {Action.CANCEL},
    ("waiting", "deploy", False): {Action.CANCEL},
    ("waiting", "notify", True): {Action.CANCEL, Action.RETRY},
    ("completed", "notify", False): {Action.REGENERATE, Action.NOTIFY_AGAIN},
    ("failed", "publish", True): {Action.RETRY, Action.REGENERATE},
    ("failed", "notify", True): {Action.RETRY, Action.REGENERATE, Action.NOTIFY_AGAIN},
    ("cancelled", "deploy", False): {Action.RETRY, Action.REGENERATE},
}


@pytest.mark.parametrize("act", Action)
@pytest.mark.parametrize("stands", SENSE, ids=str)
def test_an_act_happens_where_it_makes_sense_and_is_refused_with_a_sentence_elsewhere(
    stands: tuple[str, str, bool], act: Action
) -> None:
    state, step, attention = stands
    row = status_panel(state, step, needs_attention=attention)
    before = dump()
    if act in SENSE[stands]:
        assert refusal(row, act) == ""
        ACTS[act](round_id=row.pk, who="ada")
        event = Event.objects.get()
        assert (event.who, event.round_id) == ("ada", row.pk)
        return
    with pytest.raises(RoundConflictError) as refused:
        ACTS[act](round_id=row.pk, who="ada")
    assert str(refused.value) == refusal(row, act)
    assert str(refused.value).endswith(".")
    assert state in str(refused.value) or state == "waiting"
    assert dump() == before


@pytest.mark.parametrize("act", Action)
def test_no_round_is_no_conflict(act: Action) -> None:
    with pytest.raises(Round.DoesNotExist):
        ACTS[act](round_id=uuid4(), who="ada")


@pytest.mark.parametrize("state", ["failed", "cancelled"])
@pytest.mark.parametrize("step", Step)
def test_a_retry_goes_on_at_the_first_unfinished_step_with_a_fresh_deadline(state: str, step: Step) -> None:
    row = status_panel(state, step, error_code="x", error_message="y", crashes=3, failures=2, late=True)
    round_retry(round_id=row.pk, who="ada")
    row.refresh_from_db()
    assert (row.state, row.step, row.run) == ("queued", step, 2)
    assert (row.error_code, row.error_message, row.crashes, row.failures, row.late) == ("", "", 0, 0, False)
    assert (row.deadline_at - row.started_at).total_seconds() == 600
    assert row.next_at is not None
    assert row.finished_at is None


def test_a_retry_of_a_round_that_waits_ends_its_open_step() -> None:
    row = status_panel("waiting", "notify", needs_attention=True)
    StepRun.objects.create(round=row, run=1, step="notify", started_at=timezone.now())
    round_retry(round_id=row.pk, who="ada")
    step = StepRun.objects.get()
    assert (step.outcome, step.ended_at is None) == ("again", False)
    assert not Round.objects.get().needs_attention


def test_a_retry_reuses_what_was_written_and_makes_one_commit(outside: Outside) -> None:
    row = driven(make_round())
    asked = len(outside.author.asked)
    Round.objects.update(state="failed", step="publish", finished_at=timezone.now(), next_at=None, commit_sha="")
    Commit.objects.update(pushed_at=None)
    round_retry(round_id=row.pk, who="ada")
    row = driven(row)
    assert row.state == "completed"
    assert len(outside.author.asked) == asked
    assert [c.pushed_at is None for c in Commit.objects.all()] == [False]


@pytest.mark.parametrize("number", [1, 2])
def test_a_regenerated_round_is_one_more_commit_on_the_head_of_its_own_repository(
    outside: Outside, number: int
) -> None:
    first = completed(outside)
    row = first if number == 1 else driven(make_round(round=number))
    places = len(outside.forge.repositories)
    head = Round.objects.get(pk=row.pk).commit_sha
    round_regenerate(round_id=row.pk, who="ada")
    row.refresh_from_db()
    assert (row.state, row.step, row.run, row.chosen_attempt, row.commit_sha) == ("queued", "generate", 2, None, head)
    row = driven(row)
    assert (row.state, row.repository) == ("completed", first.repository)
    assert len(outside.forge.repositories) == places
    pushed = Commit.objects.filter(round=row, pushed_at__isnull=False).order_by("pk")
    assert [(c.run, c.sha) for c in pushed] == [(1, head), (2, row.commit_sha)]
    assert (pushed[1].parent, row.base_sha) == (head, head)  # the model was shown the present page


def test_a_regenerated_first_round_builds_on_what_later_rounds_left(outside: Outside) -> None:
    first = completed(outside)
    later = driven(make_round(round=2))
    assert later.state == "completed"
    round_regenerate(round_id=first.pk, who="ada")
    row = driven(first)
    assert row.state == "completed"
    assert Commit.objects.filter(round=row, run=2).get().parent == later.commit_sha


EDITED = RequestPlan.model_validate(PLAN)


def plans(row: Round) -> list[tuple[int, str, str, object]]:
    kept = PlanRow.objects.filter(round=row).order_by("run")
    return [(one.run, one.source, one.edited_by, (one.plan or {}).get("notes")) for one in kept]


def edit(row: Round, run: int = 1) -> None:
    round_plan_edit(round_id=row.pk, who="ada", run=run, plan=EDITED, changed="notes: euros are meant added")


def test_an_edited_plan_begins_a_run_that_writes_the_page_by_it() -> None:
    row = status_panel("completed", "notify")
    with_plan(row, plan={"notes": ["dollars"]})
    edit(row)
    row.refresh_from_db()
    assert (row.state, row.step, row.run) == ("queued", "generate", 2)
    assert plans(row) == [(1, "model", "", ["dollars"]), (2, "operator", "ada", ["euros are meant"])]
    assert PlanRow.objects.get(run=2).plan == EDITED.model_dump(mode="json")
    event = Event.objects.get()
    assert (event.who, event.what, event.text) == ("ada", PLAN_EDITED, "from generate; notes: euros are meant added")


def test_a_round_without_a_plan_takes_an_operators() -> None:
    row = status_panel("failed", "generate")
    with_plan(row, plan=None, why_none="the call failed", attempt=None)
    edit(row)
    assert plans(row)[1] == (2, "operator", "ada", ["euros are meant"])


@pytest.mark.parametrize("stands", [("running", "verify"), ("queued", "generate")])
def test_a_plan_is_edited_where_the_round_may_be_regenerated(stands: tuple[str, str]) -> None:
    row = status_panel(*stands)
    before = dump()
    with pytest.raises(RoundConflictError, match="cancel it first"):
        edit(row)
    assert dump() == before


def test_an_edit_of_a_plan_that_another_run_has_replaced_is_refused() -> None:
    row = status_panel("completed", "notify")
    edit(row)
    Round.objects.update(state="completed", step="notify", next_at=None, finished_at=timezone.now())
    before = dump()
    with pytest.raises(RoundConflictError, match="The plan that you saw is that of run 1, and this is run 2 by now"):
        edit(row)
    assert dump() == before


def test_a_regenerated_round_gets_a_new_plan_but_keeps_an_operators_plan() -> None:
    by_model, by_operator = status_panel("completed", "notify"), status_panel("completed", "notify")
    for row in (by_model, by_operator):
        with_plan(row)
    edit(by_operator)
    Round.objects.update(state="completed", step="notify", next_at=None, finished_at=timezone.now())
    for row in (by_model, by_operator):
        round_regenerate(round_id=row.pk, who="bob")
    assert [run for run, *_ in plans(by_model)] == [1]
    assert plans(by_operator)[2] == (3, "carried", "ada", ["euros are meant"])
    Round.objects.update(state="completed", step="notify", next_at=None, finished_at=timezone.now())
    round_regenerate(round_id=by_operator.pk, who="bob")
    assert plans(by_operator)[3] == (4, "carried", "ada", ["euros are meant"])


@pytest.mark.parametrize(
    ("act", "step"), [(round_retry, "generate"), (round_retry, "publish"), (round_notify_again, "notify")]
)
def test_a_run_that_goes_on_carries_the_plan(act: Callable[..., None], step: str) -> None:
    row = status_panel("failed", step)
    made = with_plan(row, refused=[{"item": "i", "reason": "r"}])
    act(round_id=row.pk, who="ada")
    assert plans(row)[1] == (2, "carried", "", ["euros are meant"])
    carried = PlanRow.objects.get(run=2)
    assert (carried.attempt_id, carried.refused) == (made.attempt_id, made.refused)


def test_a_retry_at_generate_tries_again_to_make_a_plan_and_a_later_one_goes_on_without() -> None:
    early, late = status_panel("failed", "generate"), status_panel("failed", "publish")
    for row in (early, late):
        with_plan(row, plan=None, why_none="the call failed", attempt=None)
        round_retry(round_id=row.pk, who="ada")
    assert [run for run, *_ in plans(early)] == [1]
    assert plans(late)[1] == (2, "carried", "", None)
    assert PlanRow.objects.get(run=2).why_none == "the call failed"


def test_notify_again_tells_of_the_same_commit_under_a_new_id(outside: Outside) -> None:
    row = completed(outside)
    round_notify_again(round_id=row.pk, who="ada")
    again = driven(row)
    assert (again.state, again.commit_sha, again.run) == ("completed", row.commit_sha, 2)
    one, two = NotificationAttempt.objects.order_by("pk")
    assert bytes(one.body) == bytes(two.body)
    assert one.headers["webhook-id"] != two.headers["webhook-id"]
    assert Commit.objects.count() == 1


def test_a_cancelled_round_is_nobodys_and_due_never() -> None:
    row = make_round()
    lease = lease_of(row)
    transitions.step_begin(lease=lease, row=row)
    round_cancel(round_id=row.pk, who="ada")
    row.refresh_from_db()
    assert (row.state, row.lease_token, row.lease_until, row.next_at) == ("cancelled", None, None, None)
    assert row.finished_at is not None
    assert StepRun.objects.get().outcome == "cancelled"
    before = dump()
    with pytest.raises(LeaseLost):
        transitions.round_fail(lease=lease, row=row, code="c", message="m")
    assert dump() == before


def test_a_round_that_is_cancelled_while_it_is_driven_stays_cancelled(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = make_round()
    write = outside.author.write

    def cancelled_meanwhile(*args: object, **named: object) -> object:
        round_cancel(round_id=row.pk, who="ada")
        return write(*args, **named)

    monkeypatch.setattr(outside.author, "write", cancelled_meanwhile)
    row = driven(row)
    assert (row.state, row.step) == ("cancelled", "generate")
    assert Attempt.objects.values_list("error_code", "error_message").get() == ("interrupted", CANCELLED)
    assert outside.forge.repositories == {}
    assert outside.notifier.sent == []
    assert [s.outcome for s in StepRun.objects.all()] == ["cancelled"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("act", "state", "step"),
    [
        (round_retry, "failed", "publish"),
        (round_regenerate, "completed", "notify"),
        (round_notify_again, "completed", "notify"),
        (round_cancel, "waiting", "deploy"),
    ],
)
def test_of_eight_operators_at_once_one_acts_and_the_others_are_refused_with_a_reason(
    act: Callable[..., None], state: str, step: str
) -> None:
    row = status_panel(state, step)

    def press(name: int) -> str:
        try:
            act(round_id=row.pk, who=f"operator {name}")
        except RoundConflictError as refused:
            return str(refused)
        finally:
            connections.close_all()
        return ""

    with ThreadPoolExecutor(8) as pool:
        said = sorted(pool.map(press, range(8)))
    assert [bool(sentence) for sentence in said] == [False] + [True] * 7
    row.refresh_from_db()
    assert (row.run, Event.objects.count()) == (1 if act is round_cancel else 2, 1)


def test_every_state_is_in_the_table() -> None:
    assert {state for state, _, _ in SENSE} == set(State)
