"""The model call for the plan: one reminder, within its share of time; a round goes on without a plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from engine.domain.budget import fresh
from engine.domain.model_call import Reply, ReusedCall
from engine.errors import LeaseLost, OutOfService, Permanent, Transient
from engine.plan.schema import RequestPlan, response_schema
from engine.prompts.plan import plan_prompt
from engine.steps.contracts import ModelAccess
from engine.steps.planning import LONGEST_ANSWER, MOST_CUT_OFF, make_plan, request_of
from tests.engine.steps.inputs import BRIEF
from tests.fakes import (
    NOW,
    FakeAuthor,
    FakeJournal,
    make_ports,
    plan_reply,
)

if TYPE_CHECKING:
    from engine.ports import Ports

REQUEST = request_of(BRIEF, (), allow_private=False)
NOTES = {"path": "notes.txt", "source": "write", "predicates": [{"kind": "words", "min": 5, "max": 9}]}
GOOD = plan_reply(NOTES)
MALFORMED = plan_reply({"path": "a.txt", "source": "elsewhere"}, NOTES, pages="nowhere")
NO_PLAN = "I cannot tell."


def asking(*answers: str | Reply | BaseException, **over: object) -> Ports:
    author = FakeAuthor()
    author.plans = list(answers)
    return make_ports(**{"author": author, "journal": FakeJournal()} | over)


def planned(ports: Ports, **over: object) -> RequestPlan | None:
    cut_off = over.pop("cut_off", 0)
    return make_plan(BRIEF, REQUEST, ModelAccess(**{"budget": fresh(NOW, 600)} | over), cut_off, ports)


def paths(plan: RequestPlan | None) -> list[str]:
    assert plan is not None
    return [one.path for one in plan.files]


def kinds(ports: Ports) -> list[object]:
    return [row.begun["kind"] for row in ports.journal.attempts]


def test_the_first_model_is_asked_once_for_a_plan_in_the_form_of_its_schema() -> None:
    ports = asking(GOOD)
    assert paths(planned(ports)) == ["index.html", "notes.txt", "README.md", "LICENSE"]
    ((model, messages, seconds, tokens),) = ports.author.planned
    assert (model, seconds, tokens) == ("first", pytest.approx(0.36 * 600 * 0.2), LONGEST_ANSWER)
    assert BRIEF.text in messages[-1].content
    assert ports.author.schemas == [response_schema()]
    assert (ports.journal.attempts[0].begun["parent"], ports.journal.attempts[0].ended["outcome"]) == (None, "plan")


def test_the_plan_is_written_down_with_the_call_that_made_it() -> None:
    ports = asking(GOOD)
    plan = planned(ports)
    written = ports.journal.plan
    assert RequestPlan.model_validate(json.loads(json.dumps(written["plan"]))) == plan
    assert (written["attempt"], written["refused"], written["why_none"]) == (1, [], "")


def test_what_is_not_allowed_is_left_out_and_written_down_with_the_reason() -> None:
    ports = asking(plan_reply({"path": "../up.txt", "source": "write"}, data=[{"url": "http://10.0.0.1/a.json"}]))
    assert "../up.txt" not in paths(planned(ports))
    assert [one["item"] for one in ports.journal.plan["refused"]] == ["../up.txt", "http://10.0.0.1/a.json"]
    assert "private network" in ports.journal.plan["refused"][1]["reason"]
    assert kinds(ports) == ["plan"]


def test_a_malformed_answer_is_reminded_once_of_each_error() -> None:
    ports = asking(MALFORMED, GOOD)
    assert "notes.txt" in paths(planned(ports))
    assert kinds(ports) == ["plan", "plan_reminder"]
    assert ports.journal.attempts[1].begun["parent"] == 1
    reminder = ports.author.planned[1][1]
    assert reminder[-2].content == MALFORMED
    for error in ("- files[1].source: ", '- pages is neither "branch" nor "workflow".'):
        assert error in reminder[-1].content
    assert ports.journal.attempts[0].ended["outcome"] == "plan, 2 errors"
    assert (ports.journal.plan["attempt"], ports.journal.plan["refused"]) == (2, [])


def test_of_what_stays_malformed_the_rest_is_taken_and_the_errors_are_written_down() -> None:
    ports = asking(MALFORMED, MALFORMED, GOOD)
    assert paths(planned(ports)) == ["index.html", "notes.txt", "README.md", "LICENSE"]
    assert kinds(ports) == ["plan", "plan_reminder"]
    assert [one["item"] for one in ports.journal.plan["refused"]] == ["malformed", "malformed"]


@pytest.mark.parametrize(
    "worse",
    [NO_PLAN, plan_reply(*[{"path": "x.txt", "source": f"{number}"} for number in range(3)])],
    ids=["no plan", "more errors"],
)
def test_a_second_answer_that_is_worse_does_not_take_the_place_of_the_first(worse: str) -> None:
    ports = asking(MALFORMED, worse)
    assert "notes.txt" in paths(planned(ports))
    assert ports.journal.plan["attempt"] == 1


def test_a_second_answer_with_errors_is_taken_where_the_first_holds_no_plan() -> None:
    ports = asking(NO_PLAN, MALFORMED)
    assert "notes.txt" in paths(planned(ports))
    assert ports.journal.plan["attempt"] == 2


def test_a_reminder_that_fails_leaves_what_the_first_answer_holds() -> None:
    ports = asking(MALFORMED, Transient("model_overloaded", "busy"))
    assert "notes.txt" in paths(planned(ports))
    assert ports.journal.attempts[1].ended["code"] == "model_overloaded"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([NO_PLAN, NO_PLAN], "the answer holds no JSON object."),
        ([NO_PLAN, Transient("model_overloaded", "busy")], "busy"),
        ([Transient("model_timeout", "It took too long.")], "It took too long."),
        ([Permanent("model_bad_answer", "It is HTML.")], "It is HTML."),
        ([OutOfService("model_quota_spent", "All is spent.", kind="model")], "All is spent."),
    ],
)
def test_without_a_usable_answer_there_is_no_plan_and_the_reason_is_written_down(
    answers: list[str | BaseException], why: str
) -> None:
    ports = asking(*answers)
    assert planned(ports) is None
    assert ports.journal.plan["plan"] is None
    assert ports.journal.plan["why_none"].startswith(why)


def test_a_model_that_refuses_for_good_is_no_round_without_a_plan() -> None:
    ports = asking(OutOfService("model_key_refused", "no", kind="model"))
    with pytest.raises(OutOfService):
        planned(ports)
    assert ports.journal.plan is None


def test_a_lost_lease_ends_it() -> None:
    ports = asking(LeaseLost())
    with pytest.raises(LeaseLost):
        planned(ports)


@pytest.mark.parametrize(
    ("over", "seconds", "why"),
    [
        ({"blocked": "The key was refused."}, 0, "the language model is out of service: The key was refused."),
        ({"cut_off": MOST_CUT_OFF}, 0, f"{MOST_CUT_OFF} calls for it were cut off"),
        ({}, 216 - 49, "the deadline leaves no time for it"),
    ],
)
def test_where_no_call_may_be_made_none_is_made(over: dict[str, object], seconds: float, why: str) -> None:
    ports = asking()
    ports.clock.advance(seconds)
    assert planned(ports, **over) is None
    assert kinds(ports) == []
    assert ports.journal.plan["why_none"] == why


def test_late_in_generates_share_the_call_gets_a_part_of_what_is_left_of_it() -> None:
    ports = asking()
    ports.clock.advance(216 - 60)
    planned(ports)
    assert ports.author.planned[0][2] == pytest.approx(12)


def test_a_call_that_was_cut_off_once_is_made_once_more() -> None:
    ports = asking(GOOD)
    assert planned(ports, cut_off=MOST_CUT_OFF - 1) is not None


@pytest.mark.parametrize(("left", "tokens"), [(None, LONGEST_ANSWER), (1_000_000, LONGEST_ANSWER), (20_000, 4_000)])
def test_the_answer_gets_a_part_of_the_tokens_that_are_left(left: int | None, tokens: int) -> None:
    ports = asking()
    ports.journal.allowance = left
    planned(ports)
    assert ports.author.planned[0][3] == tokens


def test_the_last_tokens_are_left_to_the_page() -> None:
    ports = asking(GOOD)
    ports.journal.allowance = 2_500
    assert planned(ports) is None
    assert ports.author.planned == []
    assert "2,500 tokens left, which the page needs" in ports.journal.plan["why_none"]


def test_a_bound_on_spending_that_is_reached_leaves_the_round_without_a_plan() -> None:
    ports = asking(GOOD)
    ports.journal.refusals = [Permanent("round_tokens_spent", "The round's tokens are spent.")]
    assert planned(ports) is None
    assert ports.journal.plan["why_none"] == "The round's tokens are spent."


def recalled(kind: str, parent: int | None, answer: str, attempt: int = 9) -> tuple[str, str, int | None, ReusedCall]:
    messages = plan_prompt(BRIEF, boundary="b0b0").messages
    return kind, "first", parent, ReusedCall(attempt, messages, Reply(answer, "first", "stop"))


def test_an_answer_stored_before_a_crash_is_not_requested_again() -> None:
    ports = asking()
    ports.journal.answered = [recalled("plan", None, GOOD)]
    assert "notes.txt" in paths(planned(ports))
    assert ports.author.planned == []
    assert ports.journal.plan["attempt"] == 9


def test_an_answer_stored_before_a_crash_needs_no_time() -> None:
    ports = asking()
    ports.journal.answered = [recalled("plan", None, GOOD)]
    ports.clock.advance(300)
    assert "notes.txt" in paths(planned(ports))


def test_a_reminder_that_was_answered_before_a_death_is_not_asked_again_either() -> None:
    ports = asking()
    ports.journal.answered = [recalled("plan", None, MALFORMED), recalled("plan_reminder", 9, GOOD, attempt=10)]
    assert "notes.txt" in paths(planned(ports))
    assert ports.author.planned == []
    assert (ports.journal.plan["attempt"], ports.journal.plan["refused"]) == (10, [])


def test_after_a_death_only_the_reminder_is_asked() -> None:
    ports = asking(GOOD)
    ports.journal.answered = [recalled("plan", None, MALFORMED)]
    assert "notes.txt" in paths(planned(ports))
    assert [(row.begun["kind"], row.begun["parent"]) for row in ports.journal.attempts] == [("plan_reminder", 9)]
