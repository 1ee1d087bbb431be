"""The loop from a failing check to a better page, driven with real rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tasks_app.models import Attempt, CheckResult, Event, StepRun
from tests.driving import driven, kinds, page_calls
from tests.tasks_app.worker.repair.tries import CHECKS, asked, page, words_of

if TYPE_CHECKING:
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db


def test_a_page_that_passes_is_published_at_once(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE TWO")]
    row = driven(asked())
    assert (row.state, kinds(), words_of(row)) == ("completed", ["generate"], "ONE TWO")
    assert Event.objects.get(what="decided: publish").text.endswith("nothing is left that a repair could mend")


def test_what_fails_is_repaired_by_the_same_model_with_what_was_seen(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE"), page("ONE TWO")]
    row = driven(asked())
    assert (row.state, words_of(row), row.decision) == ("completed", "ONE TWO", "")
    steps = list(StepRun.objects.order_by("pk").values_list("step", flat=True))
    assert steps == ["generate", "verify", "generate", "verify", "publish", "deploy", "notify"]
    first, second = page_calls()
    assert (second.kind, second.parent_id, second.model_asked) == ("repair", first.pk, first.model_asked)
    told = browsing.author.asked[1][1][-1].content
    assert "1. js: page.includes('TWO')\n   gave: false (boolean) (on a fresh page at 1280 px)" in told
    assert "MIT License" not in told, "what the service writes is nobody's to repair"
    assert "#out: <b>7</b>" in told
    assert "ONE" in browsing.author.asked[1][1][-2].content
    detail = StepRun.objects.filter(step="verify").order_by("pk")[0].detail
    assert detail.endswith(f"repair attempt {first.pk}: 1 of its checks fail")


def test_a_repair_that_fixes_one_check_and_breaks_another_is_not_chosen(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE"), page("TWO"), page("neither")]
    row = driven(asked())
    first, second, third = page_calls()
    assert (kinds(), row.chosen_attempt_id) == (["generate", "repair", "repair"], first.pk)
    assert words_of(row) == "ONE"
    assert [a.parent_id for a in (second, third)] == [first.pk, first.pk]  # from the best, not from the last


def test_at_most_two_repairs_are_tried(browsing: Outside) -> None:
    checks = [f"js: page.includes('{word}')" for word in ("ONE", "TWO", "THREE", "FOUR")]
    browsing.author.replies = [page("ONE"), page("ONE TWO"), page("ONE TWO THREE"), page("ONE TWO THREE FOUR")]
    row = driven(asked(checks=checks))
    assert (kinds(), words_of(row)) == (["generate", "repair", "repair"], "ONE TWO THREE")
    assert "1 of its checks fail after 2 repairs" in Event.objects.get(what="decided: publish").text


@pytest.mark.parametrize(
    "second",
    [page("ONE"), page("ONE, otherwise"), "Certainly, like this.", ""],
    ids=["same files", "same failures", "no files", "empty"],
)
def test_two_attempts_that_fail_alike_lead_to_one_fresh_sample_of_the_next_model(
    browsing: Outside, second: object
) -> None:
    replies = [page("ONE"), second, page("ONE TWO")]
    if isinstance(second, str):
        replies.insert(2, second)  # the one reminder of the form is answered no better
    browsing.author.replies = replies
    row = driven(asked())
    assert [kind for kind in kinds() if kind != "format"] == ["generate", "repair", "resample"]
    assert [model for model, _, _ in browsing.author.asked][-1] == "second"
    assert Attempt.objects.get(kind="resample").parent.kind in {"generate", "repair"}
    assert words_of(row) == "ONE TWO"


def test_after_the_fresh_sample_it_ends_whatever_came(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE"), page("ONE"), page("nothing")]
    row = driven(asked())
    assert (kinds(), words_of(row), row.state) == (["generate", "repair", "resample"], "ONE", "completed")


def test_a_fresh_sample_that_gives_nothing_leaves_the_best(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE"), page("ONE"), "no", "no"]
    row = driven(asked())
    assert (words_of(row), row.degraded, row.state) == ("ONE", False, "completed")
    assert "gave nothing" in Event.objects.get(what="resample given up").text


def test_nothing_is_repaired_that_no_page_could_change(outside: Outside) -> None:
    outside.author.replies = [page("ONE")]
    row = driven(asked(checks=[*CHECKS, "It is pretty"]))  # no browser: not run; the sentence: unverifiable
    assert (kinds(), row.state) == (["generate", "judge"], "completed")


def test_an_earlier_rounds_check_runs_again_and_is_not_traded_away(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE TWO")]
    driven(asked())
    browsing.author.replies = [page("TWO THREE"), page("ONE TWO THREE")]
    row = driven(asked(round=2, checks=["js: page.includes('THREE')"], brief="Add three."))
    assert (row.state, words_of(row)) == ("completed", "ONE TWO THREE")
    rows = CheckResult.objects.filter(attempt=row.chosen_attempt_id, kind="earlier")
    assert [(r.text, r.verdict) for r in rows] == [
        ("page.includes('ONE')", "pass"),
        ("page.includes('TWO')", "pass"),
    ]
    assert row.warnings == []


def test_what_a_later_round_lost_is_a_warning(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE TWO <b id='sum'>1</b>")]
    driven(asked())
    browsing.author.replies = [page("TWO"), page("TWO ")]
    row = driven(asked(round=2, checks=["js: page.includes('TWO')"], brief="Make it blue."))
    assert row.state == "completed"
    assert any("check of an earlier round does not hold any more: page.includes('ONE')" in w for w in row.warnings)
    assert any("Gone since the round before: the id 'sum'" in w for w in row.warnings)
