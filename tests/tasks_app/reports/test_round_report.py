"""The report of a round; its counts are the same wherever they are shown."""

from __future__ import annotations

import json
from html import unescape
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from engine.domain.check_counts import count_checks
from tasks_app.models import Attempt, CheckResult, Round
from tasks_app.rehearsal.evaluator import check_counts
from tasks_app.reports.round_report import RoundReport, round_lines
from tests.commands import run
from tests.driving import driven
from tests.factories import make_round
from tests.fakes import PAGE, README, FakeBrowser, page_reply

if TYPE_CHECKING:
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

WORDS = "3 of 4 of the request's checks hold, 1 not decided; earlier rounds: 1 of 1; own checks: 7 of 7"
CHECKS = ["js: page.includes('ONE')", "js: page.includes('TWO')", "js: page.includes('THREE')", "It is pretty"]


@pytest.fixture
def operator() -> Client:
    client = Client(headers={"host": "localhost:8000"})
    client.force_login(get_user_model().objects.create_superuser("operator", password="long-enough-1"))
    return client


def second_round(outside: Outside) -> Round:
    """Drive two rounds of a task; return the second, of whose checks one is never decided."""
    outside.browser = FakeBrowser()
    reply = page_reply({"index.html": PAGE.replace(b"7", b"ONE TWO"), "README.md": README})
    outside.author.replies = [reply] * 9
    driven(make_round(checks=["js: page.includes('ONE TWO')"]))
    row = driven(make_round(round=2, checks=CHECKS, attachments=[]))
    assert (row.state, row.live) == ("completed", True)
    return row


def printed(*arguments: str) -> str:
    return " ".join(run(*arguments).split())


def shown(client: Client, address: str) -> str:
    return unescape(client.get(address).content.decode())


@pytest.mark.slow
def test_the_same_counts_are_in_every_place_that_shows_a_round(outside: Outside, operator: Client) -> None:
    row = second_round(outside)
    report, address = RoundReport(row), "/admin/tasks_app/round/"
    status = operator.get(f"/api/rounds/{row.pk}").json()
    places = {
        "report": str(report.counts),
        "list": str(round_lines([row])[0].counts),
        "status": str(check_counts(status)),
        "steps": " ".join(step["detail"] for step in status["steps"] if step["name"] == "deploy"),
        "round": printed("round", str(row.pk)),
        "explain": printed("explain", str(row.pk)),
        "console": shown(operator, f"{address}{row.pk}/change/"),
        "panel": shown(operator, f"{address}{row.pk}/status/"),
        "evidence": shown(operator, f"/evidence/{row.commits.get().token}"),
    }
    assert {place for place, text in places.items() if WORDS not in text} == set()
    assert " 3 of 4 " in printed("rounds", "--task", row.task_name)
    assert '<td class="field-checks_passed">3 of 4</td>' in shown(operator, address)
    assert json.loads(printed("rounds", "--json"))[0]["checks"] == report.counts.data()
    assert json.loads(printed("round", str(row.pk), "--json"))["counts"] == report.counts.data()


def test_the_requests_checks_are_shown_first_then_those_of_earlier_rounds(outside: Outside, operator: Client) -> None:
    row = second_round(outside)
    kinds = [check["kind"] for check in operator.get(f"/api/rounds/{row.pk}").json()["checks"]]
    assert kinds[:5] == ["js", "js", "js", "prose", "earlier"]
    page = shown(operator, f"/evidence/{row.commits.get().token}")
    headings = ("The request's checks", "Checks of earlier rounds", "What the service checked besides")
    assert sorted(headings, key=page.index) == list(headings)


def test_a_sentence_of_an_earlier_round_is_shown_with_the_checks_of_earlier_rounds(
    outside: Outside, operator: Client
) -> None:
    row = second_round(outside)
    CheckResult.objects.create(
        attempt=row.chosen_attempt, target="local", position=300, kind="regression", text="The total is shown",
        verdict="pass", predicates=[{"says": "#total is on the page", "verdict": "pass", "seen": ""}],
    )  # fmt: skip
    assert str(RoundReport(row).counts.earlier) == "2 of 2"
    page = shown(operator, f"/evidence/{row.commits.get().token}")
    assert page.index("Checks of earlier rounds") < page.index("The total is shown") < page.index("service checked")


def judged(row: Round, *results: tuple[str, str]) -> Attempt:
    """Store an attempt with a check of the request for each pair of target and verdict, at one position."""
    attempt = Attempt.objects.create(round=row, run=1, kind="generate", started_at=timezone.now())
    for target, verdict in results:
        CheckResult.objects.create(attempt=attempt, target=target, position=1, kind="js", text="x", verdict=verdict)
    return attempt


@pytest.mark.parametrize(
    ("local", "live", "counts"),
    [
        ("pass", "fail", "0 of 1 of the request's checks hold"),
        ("fail", "pass", "1 of 1 of the request's checks holds"),
        ("pass", "not_run", "1 of 1 of the request's checks holds"),
        ("not_run", "not_run", "0 of 1 of the request's checks hold, 1 not decided"),
    ],
)
def test_the_live_page_has_the_last_word_where_the_check_was_run_there(local: str, live: str, counts: str) -> None:
    row = make_round()
    row.chosen_attempt = judged(row, ("local", local), ("live", live))
    row.save()
    assert str(RoundReport(row).counts) == str(round_lines([row])[0].counts) == counts


@pytest.mark.parametrize(
    ("verdict", "ending"),
    [
        ("pass", "The page serves this commit. Nothing to do."),
        ("unverifiable", "The page serves this commit. Nothing to do."),
        ("fail", "But 1 of the request's checks fails: Regenerate writes the page again."),
    ],
)
def test_a_completed_round_is_well_only_if_no_check_of_the_request_fails(verdict: str, ending: str) -> None:
    row = make_round()
    row.chosen_attempt = judged(row, ("local", verdict))
    row.state, row.live = "completed", True  # not saved: the headline reads the row alone, the counts its attempt
    assert RoundReport(row).headline.endswith(ending)


def test_until_an_attempt_is_chosen_the_newest_that_was_judged_counts() -> None:
    row = make_round()
    assert RoundReport(row).counts == count_checks([])
    judged(row, ("local", "pass"))
    newest = judged(row)
    newest.check_results.create(target="local", position=200, kind="gate", text="whole", verdict="pass")
    assert str(RoundReport(row).counts) == str(round_lines([row])[0].counts) == "1 of 1 of the request's checks holds"


def test_many_rounds_are_counted_with_two_queries() -> None:
    rows = [make_round(task=f"task-{number}") for number in range(20)]
    for row in rows[::2]:
        row.chosen_attempt = judged(row, ("local", "pass"))
    judged(rows[1], ("local", "fail"))
    with CaptureQueriesContext(connection) as queries:
        lines = round_lines(rows)
    assert len(queries) == 2
    assert [str(line.counts.request) for line in lines[:3]] == ["1 of 1", "0 of 1", "1 of 1"]


def test_a_whole_report_takes_as_many_queries_for_a_long_round_as_for_a_short_one(outside: Outside) -> None:
    row = second_round(outside)

    def queries() -> int:
        report = RoundReport(Round.objects.get(pk=row.pk))
        with CaptureQueriesContext(connection) as asked:
            for part in vars(RoundReport):
                getattr(report, part)
        return len(asked)

    few = queries()
    for number in range(30):
        attempt = judged(row, ("local", "pass"), ("live", "fail"))
        row.commits.create(run=1, sha=f"{number:040}", attempt=attempt, planned_at=row.created_at)
        row.pages_statuses.create(run=1, at=row.created_at, build_status="built", live=False)
        row.events.create(at=row.created_at, who="service", what="x")
    assert queries() == few <= 20
