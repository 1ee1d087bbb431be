"""The choice between models; tests/tasks_app/worker/test_model_faults.py has the table of all faults."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from engine.domain.budget import fresh
from engine.errors import EngineError, LeaseLost, OutOfService, Permanent, Transient
from engine.steps.contracts import Wait
from engine.steps.model_choice import NotWritten, ask_in_turn
from tests.fakes import NOW, FakeAuthor, make_ports

if TYPE_CHECKING:
    from datetime import datetime

BUDGET = fresh(NOW, 600)

BUSY = Transient("model_overloaded", "Busy.", 5.0)
LIMITED = Transient("model_overloaded", "Busy.", 3600.0)
SPENT = OutOfService("model_quota_spent", "Spent.", kind="model")
REFUSED = OutOfService("model_key_refused", "Refused.", kind="model")
UNKNOWN = Permanent("model_unknown", "Unknown.")
BAD = Permanent("model_no_page", "No page.")


def asked(*said: str | EngineError, failures: int = 0) -> tuple[object, list[str]]:
    """Use a model for each answer; return the result and the models that were called."""
    names = [f"m{at}" for at in range(len(said))]
    ports = make_ports(author=FakeAuthor(models=names))
    calls: list[str] = []

    def ask(model: str, until: datetime) -> str:
        assert until > NOW
        calls.append(model)
        answer = said[names.index(model)]
        if isinstance(answer, EngineError):
            raise answer
        return answer

    return ask_in_turn(
        ports, BUDGET, failures=failures, ask=ask, models=ports.author.models, seconds=BUDGET.model_seconds
    ), calls


def test_the_first_that_writes_is_the_last_that_is_asked() -> None:
    assert asked("page", "other") == ("page", ["m0"])


@pytest.mark.parametrize("error", [SPENT, UNKNOWN, BAD, LIMITED, Permanent("model_refused_request", "No.")])
def test_what_one_model_cannot_do_the_next_is_asked(error: EngineError) -> None:
    assert asked(error, "page") == ("page", ["m0", "m1"])


def test_a_passing_failure_is_waited_for_first() -> None:
    wait, calls = asked(BUSY, "page")
    assert isinstance(wait, Wait)
    assert (wait.until, wait.failed, calls) == (NOW + timedelta(seconds=5), True, ["m0"])


def test_after_some_waits_the_next_model_is_asked_and_the_last_is_waited_for() -> None:
    assert asked(BUSY, "page", failures=3) == ("page", ["m0", "m1"])
    wait, calls = asked(BUSY, BUSY, failures=3)
    assert isinstance(wait, Wait)
    assert calls == ["m0", "m1"]


def test_a_wait_for_the_first_is_worth_more_than_no_page_from_the_second() -> None:
    wait, _ = asked(BUSY, BAD, failures=3)
    assert isinstance(wait, Wait)


def test_a_refused_key_is_every_models() -> None:
    with pytest.raises(OutOfService, match="Refused"):
        asked(REFUSED, "page")


@pytest.mark.parametrize("fault", [LeaseLost()])
def test_a_lost_lease_ends_it(fault: EngineError) -> None:
    with pytest.raises(LeaseLost):
        asked(fault, "page")


def test_where_no_model_could_be_asked_the_breaker_opens_until_the_first_of_them_can() -> None:
    with pytest.raises(OutOfService) as raised:
        asked(SPENT, UNKNOWN, LIMITED)
    error = raised.value
    assert (error.code, error.kind, error.until) == ("model_quota_spent", "model", NOW + timedelta(hours=1))
    assert all(word in error.message for word in ("Spent.", "Unknown.", "m2 is limited until"))


def test_a_model_that_answered_badly_keeps_the_breaker_closed() -> None:
    made, _ = asked(SPENT, BAD)
    assert made == NotWritten("Spent. No page.")


def test_the_rounds_spent_tokens_end_the_asking() -> None:
    made, calls = asked(Permanent("round_tokens_spent", "The round has spent 9 tokens."), "page")
    assert (made, calls) == (NotWritten("The round has spent 9 tokens."), ["m0"])


def test_without_time_nobody_is_asked() -> None:
    ports = make_ports()
    ports.clock.advance(500)
    made = ask_in_turn(
        ports, BUDGET, failures=0, ask=lambda *_: "page", models=ports.author.models, seconds=BUDGET.model_seconds
    )
    assert isinstance(made, NotWritten)
    assert "had run out" in made.why
