"""Sentences that neither a rule nor a probe decides: a model's judgement is kept beside them, and is never a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import OutOfService, Transient
from engine.ports import DEADLINE, DISCONNECTED, Reply
from tasks_app.models import Attempt, Breaker, CheckResult
from tests.driving import driven
from tests.factories import make_round
from tests.fakes import PAGE, README, FakeBrowser, page_reply

if TYPE_CHECKING:
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db(transaction=True)

CHECKS = ["It is pretty", "Everybody likes it", "Repo has MIT license"]
ANSWER = "1: holds - the page has a heading\n2: cannot tell - nobody was asked"


def sentences() -> dict[str, tuple[str, str]]:
    rows = CheckResult.objects.filter(kind="prose", target="local")
    return {row.text: (row.verdict, row.detail) for row in rows}


def test_a_judgement_stands_beside_its_sentence_and_is_no_pass(outside: Outside) -> None:
    outside.browser = FakeBrowser()
    outside.author.judgements = [ANSWER]
    row = driven(make_round(checks=CHECKS))
    assert row.state == "completed"
    found = sentences()
    assert found["It is pretty"] == (
        "unverifiable",
        "judged by first to hold, from README.md, index.html, what the browser saw; an opinion and no pass: the page has a heading",
    )
    assert found["Everybody likes it"][1].startswith("judged by first: it cannot tell")
    assert found["Repo has MIT license"][0] == "pass"
    call = Attempt.objects.get(kind="judge")
    assert (call.outcome, call.parent_id) == ("2 of 2 judged", row.chosen_attempt_id)
    assert "<h1" in str(call.messages)


@pytest.mark.parametrize("ending", ["length", DEADLINE, DISCONNECTED])
def test_of_an_answer_that_was_cut_off_the_last_line_is_no_judgement(outside: Outside, ending: str) -> None:
    outside.browser = FakeBrowser()
    outside.author.judgements = [Reply("1: holds - it is\n2: holds", "first", ending)]
    driven(make_round(checks=CHECKS))
    assert "judged by first to hold" in sentences()["It is pretty"][1]
    assert "judged" not in sentences()["Everybody likes it"][1]


def test_it_is_asked_once_and_of_the_tree_that_is_published(outside: Outside) -> None:
    outside.browser = FakeBrowser()
    outside.author.replies = [
        page_reply({"index.html": PAGE.replace(b"7", words), "README.md": README})
        for words in (b"ONE", b"NONE", b"NONE AT ALL", b"LOST")
    ]
    outside.author.judgements = [ANSWER]
    row = driven(make_round(checks=["js: page.includes('ONE')", "js: page.includes('TWO')", *CHECKS]))
    assert row.chosen_attempt_id == Attempt.objects.get(kind="judge").parent_id
    assert len(outside.author.judged) == 1
    judged = CheckResult.objects.filter(detail__startswith="judged by")
    assert set(judged.values_list("attempt_id", flat=True)) == {row.chosen_attempt_id}


@pytest.mark.parametrize(
    "error",
    [Transient("model_timeout", "Too slow."), OutOfService(kind="model", code="model_key_refused", message="No.")],
)
def test_a_call_that_fails_leaves_the_sentences_as_they_are(outside: Outside, error: Exception) -> None:
    outside.browser = FakeBrowser()
    outside.author.judgements = [error]
    row = driven(make_round(checks=CHECKS))
    assert (row.state, row.degraded) == ("completed", False)
    assert sentences()["It is pretty"][0] == "unverifiable"
    assert "judged" not in sentences()["It is pretty"][1]
    assert Attempt.objects.get(kind="judge").error_code
    assert not Breaker.objects.exists()


def test_nobody_is_asked_where_everything_is_decided(outside: Outside) -> None:
    outside.browser = FakeBrowser()
    driven(make_round(checks=["Repo has MIT license"]))
    assert outside.author.judged == []


def test_the_honest_page_is_not_judged(outside: Outside) -> None:
    outside.browser = FakeBrowser()
    outside.author.replies = ["no files at all"] * 12
    row = driven(make_round(checks=CHECKS))
    assert row.degraded
    assert outside.author.judged == []
