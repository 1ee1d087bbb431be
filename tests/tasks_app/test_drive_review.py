"""The one polish of a page that passes its checks and has errors in its source, driven with real rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import Transient
from tasks_app.admin.matrix import tallies
from tasks_app.models import Attempt, CheckResult, Event, Round, SourceFile
from tests.driving import aged, driven
from tests.factories import make_round
from tests.fakes import README, FakeBrowser, page_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.ports import Message
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

CLEAN = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>T</title></head>
<body><p>{}</p></body></html>
"""
FLAWED = CLEAN.replace("<body>", "<body>\n<input id='n'><div>")


@pytest.fixture
def browsing(outside: Outside) -> Outside:
    """A machine whose browser finds the words of a check in the page or does not."""
    outside.browser = FakeBrowser()
    return outside


def page(template: str, words: str) -> Callable[[Sequence[Message]], str]:
    return page_reply({"index.html": template.format(words).encode(), "README.md": README})


def asked(**over: object) -> Round:
    return make_round(**{"checks": ["js: page.includes('ONE')", "Repo has MIT license"], "attachments": []} | over)


def kinds() -> list[str]:
    return list(Attempt.objects.order_by("pk").values_list("kind", flat=True))


def published(row: Round) -> str:
    return bytes(SourceFile.objects.get(attempt=row.chosen_attempt_id, path="index.html").content).decode()


def test_a_page_that_passes_and_has_errors_in_its_source_is_polished_once(browsing: Outside) -> None:
    browsing.author.replies = [page(FLAWED, "ONE"), page(CLEAN, "ONE better")]
    row = driven(asked())
    assert (row.state, kinds()) == ("completed", ["generate", "repair"])
    assert "ONE better" in published(row)
    told = browsing.author.asked[1][1][-1].content
    flaws = (
        "- index.html:5: <input 'n'> has no <label>",
        "- index.html:5: <div> is never closed",
    )  # the marker is line 3
    assert all(flaw in told for flaw in flaws)
    assert "These checks do not hold" not in told
    rows = CheckResult.objects.filter(kind="review", attempt__kind="generate").order_by("position")
    assert [(r.verdict, len(r.value)) for r in rows] == [("fail", 2), ("pass", 0)]


def test_a_page_without_an_error_in_its_source_is_published_at_once(browsing: Outside) -> None:
    browsing.author.replies = [page(CLEAN.replace(' lang="en"', ""), "ONE")]  # a matter of style is worth no call
    row = driven(asked())
    assert (row.state, kinds()) == ("completed", ["generate"])


def test_a_polish_that_breaks_a_check_is_not_published(browsing: Outside) -> None:
    browsing.author.replies = [page(FLAWED, "ONE"), page(CLEAN, "gone")]
    row = driven(asked())
    assert (row.state, kinds()) == ("completed", ["generate", "repair"])
    assert "ONE" in published(row)
    assert row.chosen_attempt.kind == "generate"
    assert "a review finds 2 errors in the source, after a repair" in Event.objects.get(what="decided: publish").text


@pytest.mark.parametrize("template", [FLAWED, FLAWED + "<div>"], ids=["as many", "more"])
def test_a_polish_that_mends_nothing_is_not_published(browsing: Outside, template: str) -> None:
    browsing.author.replies = [page(FLAWED, "ONE"), page(template, "ONE otherwise")]
    row = driven(asked())
    assert (kinds(), row.chosen_attempt.kind) == (["generate", "repair"], "generate")


@pytest.mark.parametrize(
    "answer",
    [Transient("model_timeout", "Too slow.", retry_after=500), "I would rather not."],
    ids=["late", "no files"],
)
def test_whatever_goes_wrong_in_a_polish_never_costs_the_page(browsing: Outside, answer: object) -> None:
    browsing.author.replies = [page(FLAWED, "ONE"), answer, answer]
    row = driven(asked())
    assert (row.state, row.degraded, row.chosen_attempt.kind) == ("completed", False, "generate")


def test_no_polish_is_asked_for_when_the_deadline_is_short(browsing: Outside) -> None:
    browsing.author.replies = [page(FLAWED, "ONE")]
    row = driven(aged(asked(), 210))
    assert (row.state, kinds()) == ("completed", ["generate"])
    assert "too little of its share of the deadline is left" in Event.objects.get(what="decided: publish").text


def test_no_polish_is_asked_for_where_no_browser_could_judge_it(outside: Outside) -> None:
    outside.author.replies = [page(FLAWED, "ONE")]
    row = driven(asked())
    assert (row.state, kinds()) == ("completed", ["generate"])
    assert "no browser could judge a change of it" in Event.objects.get(what="decided: publish").text


def test_a_repair_is_told_of_the_flaws_too_and_is_not_followed_by_a_polish(browsing: Outside) -> None:
    browsing.author.replies = [page(FLAWED, "none"), page(FLAWED, "ONE")]
    row = driven(asked())
    assert (kinds(), row.chosen_attempt.kind) == (["generate", "repair"], "repair")
    told = browsing.author.asked[1][1][-1].content
    assert told.index("gave: false (boolean)") < told.index("<div> is never closed")


def test_what_the_review_finds_is_no_check_that_is_counted(browsing: Outside) -> None:
    browsing.author.replies = [page(CLEAN, "ONE")]
    row = driven(asked())
    counted = tallies([row.chosen_attempt_id])[row.chosen_attempt_id]
    others = CheckResult.objects.filter(attempt=row.chosen_attempt_id, target="local").exclude(
        kind__in=["view", "review"]
    )
    assert counted == (others.filter(verdict="pass").count(), others.count())
    assert CheckResult.objects.filter(attempt=row.chosen_attempt_id, kind="review").count() == 2
