"""A database that goes away during a step: the step does not crash, and a cut connection alone changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import InterfaceError, OperationalError, connection

from tasks_app.models import Event
from tasks_app.rounds import transitions
from tasks_app.rounds.journal import DatabaseJournal
from tasks_app.worker import drive
from tests.driving import driven, must_wait
from tests.factories import make_round
from tests.fakes import page_reply
from tests.tasks_app.severed import sever

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.model_call import Message
    from tests.conftest import Outside


def away_once(patch: pytest.MonkeyPatch, where: object, name: str, error: Exception) -> None:
    """Have the database go away once, when something is called."""
    real, errors = getattr(where, name), [error]

    def away(*args: object, **keywords: object) -> object:
        if errors:
            raise errors.pop()
        return real(*args, **keywords)

    patch.setattr(where, name, away)


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("the connection is closed"), InterfaceError("no line")])
@pytest.mark.parametrize(
    ("where", "name", "step"),
    [
        (transitions, "step_begin", "generate"),
        (DatabaseJournal, "attempt_answered", "generate"),
        (transitions, "generated_record", "generate"),
        (DatabaseJournal, "commit_planned", "publish"),
        (transitions, "delivered_record", "notify"),
    ],
)
def test_a_step_that_loses_its_database_is_done_again_and_is_no_crash(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, where: object, name: str, step: str, error: Exception
) -> None:
    away_once(monkeypatch, where, name, error)
    row = driven(make_round())
    assert (row.state, row.step, row.crashes, row.failures, row.lease_token) == ("waiting", step, 0, 1, None)
    assert row.waiting_on == "The database was away for a moment."
    must_wait(row, 1, 1)
    assert (driven(row).state, row.degraded) == ("completed", False)
    assert outside.forge.writes == ["create", "commit"]
    assert not Event.objects.filter(what="internal error").exists()


@pytest.mark.django_db
def test_however_often_it_goes_away_nothing_is_given_up(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    row = make_round()
    for _ in range(7):
        away_once(monkeypatch, transitions, "generated_record", OperationalError("away"))
        assert driven(row).state == "waiting"
    assert row.failures == 7
    assert (driven(row).state, row.degraded) == ("completed", False)
    assert len(outside.author.asked) == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="there is no line to a file")
@pytest.mark.django_db(transaction=True)
def test_a_line_that_is_cut_while_a_model_writes_costs_nothing(outside: Outside) -> None:
    def slow(messages: Sequence[Message]) -> str:
        sever()
        return page_reply()(messages)

    outside.author.replies = [slow]
    row = driven(make_round())
    assert (row.state, row.degraded, row.crashes, row.failures) == ("completed", False, 0, 0)
    assert len(outside.author.asked) == 1
    assert set(row.attempts.values_list("error_code", flat=True)) == {""}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="there is no line to a file")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["verify", "publish", "deploy"])
def test_a_line_that_is_cut_at_the_end_of_a_step_costs_nothing(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    real = getattr(drive, step)

    def done(*given: object) -> object:
        outcome = real(*given)
        sever()
        return outcome

    monkeypatch.setattr(drive, step, done)
    row = driven(make_round())
    assert (row.state, row.crashes, row.failures) == ("completed", 0, 0)
    assert outside.forge.writes == ["create", "commit"]
