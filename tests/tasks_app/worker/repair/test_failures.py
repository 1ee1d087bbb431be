"""An error or a crash in a repair costs the repair alone: the best page so far is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import OutOfService, Permanent, Transient
from tasks_app.models import CheckResult, Event
from tests.driving import aged, drive, driven, kinds
from tests.tasks_app.deaths import Killed, die
from tests.tasks_app.worker.repair.tries import asked, page, words_of

if TYPE_CHECKING:
    from tasks_app.models import Round
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db


def outlived(row: Round, *, deaths: int = 1) -> None:
    """Drive a round in processes that die, and then in a process that does not."""
    for _ in range(deaths):
        die(row)
    drive(str(row.pk))
    row.refresh_from_db()


def test_a_repair_is_cut_where_its_share_is_over_and_the_record_says_so(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE")]
    row = driven(aged(asked(), 210))
    assert (kinds(), row.state, row.late) == (["generate"], "completed", False)
    assert "repair was cut: its share of the deadline is over" in Event.objects.get(what="decided: publish").text


@pytest.mark.parametrize(
    "error",
    [
        Transient("model_overloaded", "Busy.", retry_after=3600),
        Transient("model_timeout", "Too slow.", retry_after=500),
        OutOfService("model_key_refused", "The key was refused.", kind="model"),
        Permanent("repository_gone", "Something else."),
    ],
    ids=lambda error: error.code,
)
def test_whatever_goes_wrong_in_a_repair_never_costs_the_page(browsing: Outside, error: Exception) -> None:
    browsing.author.replies = [page("ONE"), error, page("ONE")]
    row = driven(asked())
    assert (row.state, words_of(row), row.degraded, row.needs_attention) == ("completed", "ONE", False, False)


def test_a_busy_model_is_waited_for_within_the_share(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE"), Transient("model_overloaded", "Busy.", retry_after=5), page("ONE TWO")]
    row = driven(asked())
    assert (row.state, row.step, row.decision) == ("waiting", "generate", "repair")
    assert driven(row).state == "completed"
    assert words_of(row) == "ONE TWO"


def test_what_is_published_after_a_repair_was_given_up_is_judged_and_warned_of_all_the_same(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE TWO <b id='sum'>1</b>")]
    driven(asked())
    browsing.author.replies = [page("TWO"), Transient("model_overloaded", "Busy.", retry_after=3600)]
    browsing.author.judgements = ["1: holds - it is"]
    row = driven(asked(round=2, checks=["js: page.includes('THREE')", "It is pretty"], brief="Make it blue."))
    assert (row.state, row.decision) == ("completed", "")
    assert Event.objects.get(what="repair given up").text == "the repair was cut: Busy."
    assert "repair was cut: Busy." in Event.objects.filter(what="decided: publish").latest("pk").text
    assert any("check of an earlier round does not hold any more: page.includes('ONE')" in w for w in row.warnings)
    assert "judged by first to hold" in CheckResult.objects.get(attempt=row.chosen_attempt_id, kind="prose").detail


def test_five_deaths_in_a_repair_publish_the_best(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE"), *(Killed() for _ in range(5))]
    row = asked()
    outlived(row, deaths=5)
    assert (row.state, words_of(row)) == ("completed", "ONE")


@pytest.mark.parametrize(
    "replies", [["ONE", Killed(), "ONE TWO"], ["ONE", "ONE", Killed(), "ONE TWO"]], ids=["repair", "resample"]
)
def test_a_death_in_a_later_call_repeats_that_call_alone(browsing: Outside, replies: list[object]) -> None:
    browsing.author.replies = [one if isinstance(one, Killed) else page(str(one)) for one in replies]
    row = asked()
    outlived(row)
    assert (row.state, words_of(row)) == ("completed", "ONE TWO")
    assert len(browsing.author.asked) == len(replies)


def test_what_was_answered_before_a_death_is_not_asked_again(browsing: Outside) -> None:
    browsing.author.replies = ["I would do it like this.", Killed(), page("ONE TWO")]
    row = asked()
    outlived(row)
    assert (row.state, words_of(row)) == ("completed", "ONE TWO")
    assert kinds() == ["generate", "format", "format"]
