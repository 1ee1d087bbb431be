"""A plan's page tests: for sentences, for what no check covers, and for what held in earlier rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tasks_app.models import CheckResult, Event
from tasks_app.reports.round_report import RoundReport
from tasks_app.reports.status import round_status
from tests.driving import driven, kinds, page_calls
from tests.fakes import plan_reply
from tests.tasks_app.worker.repair.tries import asked, page, words_of

if TYPE_CHECKING:
    from tasks_app.models import Round
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

#: The fake browser says that a test holds where the page shows the word in capitals; the brief names them all.
BRIEF = "Show ONE, and THREE after a click on #more."
SENTENCE = "The page shows TWO."


def shows(word: str, *steps: dict[str, str]) -> dict[str, object]:
    return {"kind": "page", "steps": list(steps), "expression": f"document.body.innerText.includes('{word}')"}


CLICK = {"do": "click", "selector": "#more"}
OWN = {"says": "a click shows THREE", "predicates": [shows("THREE", CLICK)]}
READ = {"number": 1, "predicates": [shows("TWO")]}


def rows(row: Round, kind: str) -> list[tuple[str, str]]:
    found = CheckResult.objects.filter(attempt=row.chosen_attempt_id, kind=kind, target="local").order_by("position")
    return list(found.values_list("text", "verdict"))


def test_a_sentence_is_decided_by_a_test_of_the_page_and_repaired(browsing: Outside) -> None:
    browsing.author.plans = [plan_reply(checks=[READ])]
    browsing.author.replies = [page("ONE"), page("ONE TWO")]
    row = driven(asked(brief=BRIEF, checks=[SENTENCE]))
    assert (kinds(), rows(row, "prose")) == (["generate", "repair"], [(SENTENCE, "pass")])
    assert f"1. {SENTENCE}\n   gave: on the page as it opens: " in browsing.author.asked[1][1][-1].content
    (predicate,) = CheckResult.objects.get(attempt=row.chosen_attempt_id, kind="prose").predicates
    assert predicate["says"] == "on the page as it opens: document.body.innerText.includes('TWO') is true"
    assert browsing.author.judged == []


def test_what_no_check_covers_is_tested_and_asks_for_a_repair(browsing: Outside) -> None:
    browsing.author.plans = [plan_reply(tests=[OWN])]
    browsing.author.replies = [page("ONE"), page("ONE THREE")]
    row = driven(asked(brief=BRIEF, checks=["js: page.includes('ONE')"]))
    assert (kinds(), words_of(row)) == (["generate", "repair"], "ONE THREE")
    assert "1. a click shows THREE\n   gave: after clicking #more: " in browsing.author.asked[1][1][-1].content
    shown = [(check["kind"], check["text"], check["verdict"]) for check in round_status(RoundReport(row))["checks"]]
    assert ("test", "a click shows THREE", "pass") in shown


def test_one_that_never_holds_is_no_failed_check_of_the_request_and_costs_no_attention(browsing: Outside) -> None:
    browsing.author.plans = [plan_reply(tests=[OWN])]
    browsing.author.replies = [page("ONE"), page("ONE <b>2</b>"), page("ONE <b>3</b>"), page("ONE <b>4</b>")]
    row = driven(asked(brief=BRIEF, checks=["js: page.includes('ONE')"]))
    assert (row.state, row.needs_attention, row.warnings, row.degraded) == ("completed", False, [], False)
    assert rows(row, "js") == [("page.includes('ONE')", "pass")]
    assert rows(row, "test") == [("a click shows THREE", "fail")]


def test_it_is_never_bought_with_a_check_of_the_request(browsing: Outside) -> None:
    browsing.author.plans = [plan_reply(tests=[OWN])]
    browsing.author.replies = [page("ONE"), page("THREE"), page("THREE <b>3</b>"), page("THREE <b>4</b>")]
    row = driven(asked(brief=BRIEF, checks=["js: page.includes('ONE')"]))
    assert words_of(row) == "ONE"


def test_the_writer_never_reads_a_test_before_it_fails(browsing: Outside) -> None:
    browsing.author.plans = [plan_reply(tests=[OWN], checks=[READ])]
    browsing.author.replies = [page("ONE TWO THREE")]
    driven(asked(brief=BRIEF, checks=[SENTENCE]))
    written = "\n".join(message.content for message in browsing.author.asked[0][1])
    assert "innerText" not in written
    assert OWN["says"] not in written


def test_a_test_that_names_what_nobody_gave_decides_nothing(browsing: Outside) -> None:
    guessed = {"says": "it says FOUR", "predicates": [shows("FOUR")]}
    browsing.author.plans = [plan_reply(tests=[guessed])]
    browsing.author.replies = [page("ONE")]
    row = driven(asked(brief=BRIEF, checks=["js: page.includes('ONE')"]))
    assert (kinds(), rows(row, "test")) == (["generate"], [("it says FOUR", "inconclusive")])


def test_what_a_sentence_of_an_earlier_round_tested_is_tested_again(browsing: Outside) -> None:
    browsing.author.plans = [plan_reply(checks=[READ])]
    browsing.author.replies = [page("ONE TWO")]
    driven(asked(brief=BRIEF, checks=[SENTENCE]))
    browsing.author.replies = [page("ONE"), page("ONE <i>TWO</i>")]
    row = driven(asked(brief="Make it blue.", round=2, checks=[]))
    assert (kinds()[1:], rows(row, "regression")) == (["generate", "repair"], [(SENTENCE, "pass")])
    assert row.warnings == []


def test_where_it_is_lost_all_the_same_a_warning_says_so(browsing: Outside) -> None:
    browsing.author.plans = [plan_reply(checks=[READ])]
    browsing.author.replies = [page("ONE TWO")]
    driven(asked(brief=BRIEF, checks=[SENTENCE]))
    browsing.author.replies = [page(f"ONE <i>{n}</i>") for n in range(4)]
    row = driven(asked(brief="Make it blue.", round=2, checks=[]))
    assert rows(row, "regression") == [(SENTENCE, "fail")]
    assert f"A check of an earlier round does not hold any more: {SENTENCE}" in row.warnings


def test_a_sentence_that_did_not_hold_then_is_not_tested_again(browsing: Outside) -> None:
    browsing.author.plans = [plan_reply(checks=[READ])]
    browsing.author.replies = [page(f"ONE <i>{n}</i>") for n in range(4)]
    driven(asked(brief=BRIEF, checks=[SENTENCE]))
    browsing.author.replies = [page("ONE <b>5</b>")]
    row = driven(asked(brief="Make it blue.", round=2, checks=[]))
    assert rows(row, "regression") == []


# --- A repair that is declined ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "Nothing to repair: the page shows it after the click.",
        "Finding 1 is wrong because #more is no id of the brief.",
    ],
)
def test_a_declined_repair_ends_the_tries_and_the_round_goes_on(browsing: Outside, said: str) -> None:
    browsing.author.replies = [page("ONE"), said]
    row = driven(asked())
    assert (row.state, row.degraded, words_of(row)) == ("completed", False, "ONE")
    assert kinds() == ["generate", "repair"]
    assert page_calls().get(kind="repair").reply == said
    assert Event.objects.get(what="repair given up").text == f"first changed nothing: {said}"
    assert f"first changed nothing: {said}" in Event.objects.get(what="decided: publish").text
