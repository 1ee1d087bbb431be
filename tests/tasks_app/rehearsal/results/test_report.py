"""The numbers of a report, and its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks_app.rehearsal.results.distributions import charts
from tasks_app.rehearsal.results.report import rehearsal_report, score_text, submission_report, without_numbers
from tasks_app.rehearsal.results.summaries import rehearsal_summaries
from tasks_app.rehearsal.results.text import as_text
from tests.rehearsals import BEGUN, ENCRYPTED, make_class, make_issued, make_rehearsal, make_submission

if TYPE_CHECKING:
    from tasks_app.models import Rehearsal

pytestmark = pytest.mark.django_db


@pytest.fixture
def rehearsal() -> Rehearsal:
    """Two submissions: one with a good, a middling and an undecided round, one that never answered."""
    row = make_rehearsal(ended_at=BEGUN)
    ada, bob = make_submission(row), make_submission(row, "bob@example.com")
    make_issued(ada, scores=(1, 1, 1, None))
    make_issued(ada, number=2, scores=(1, 0, 0.5), after=700, late=True, tries=2)
    make_issued(ada, template="quiz", scores=(None,))
    make_issued(bob, scores=(0,), after=None, accepted_at=None, tries=3, status_code=500, error="the answer is 500")
    return row


def test_scores_are_means_of_what_is_decided(rehearsal: Rehearsal) -> None:
    report = rehearsal_report(rehearsal)
    ada, bob = report.submissions
    assert [one.score for one in ada.rounds] == [1, 0.5, None]
    assert [(one.held, one.decided, one.undecided) for one in ada.rounds] == [(3, 3, 1), (1, 3, 0), (0, 0, 1)]
    assert [one.seconds for one in ada.rounds] == [42, 700, 42]
    assert [[one.row.round for one in task.rounds] for task in ada.tasks] == [[1, 2], [1]]
    assert (ada.score, ada.failing, ada.undecided) == (0.75, 2, 2)
    assert (bob.score, bob.failing, bob.undecided) == (0, 1, 0)
    assert report.failing


def test_totals_count_what_is_undecided_apart(rehearsal: Rehearsal) -> None:
    totals = rehearsal_report(rehearsal).totals
    assert (totals.submissions, totals.tasks, totals.rounds) == (2, 3, 4)
    assert (totals.accepted, totals.called_back, totals.late, totals.judged) == (3, 3, 1, 4)
    assert (totals.checks, totals.held, totals.failing, totals.undecided) == (9, 4, 3, 2)
    assert totals.score == 0.375


def test_a_submission_alone_reads_as_it_does_in_its_rehearsal(rehearsal: Rehearsal) -> None:
    ada = rehearsal_report(rehearsal).submissions[0]
    assert submission_report(ada.row) == ada


def test_what_is_undecided_fails_nothing() -> None:
    row = make_rehearsal()
    make_issued(make_submission(row), scores=(1, None))
    assert not rehearsal_report(row).failing
    assert rehearsal_report(row).progress == "under way: 1 of 1 rounds are judged"


@pytest.mark.parametrize(
    ("kind", "score", "fails"), [("text", 0.9, 0), ("text", 0.7, 0), ("text", 0.6, 1), ("page", 0.9, 1), ("page", 1, 0)]
)
def test_a_grade_that_is_good_enough_fails_nothing(kind: str, score: float, fails: int) -> None:
    row = make_rehearsal()
    issued = make_issued(make_submission(row), scores=())
    issued.results.all().delete()
    issued.results.create(number=1, kind=kind, check_text="Grade the page", score=score)
    assert len(rehearsal_report(row).rounds[0].failing) == fails
    assert rehearsal_summaries([row.pk])[row.pk].failing == fails


def test_an_empty_rehearsal_has_a_report() -> None:
    row = make_rehearsal()
    assert rehearsal_report(row).totals.score is None
    assert charts(rehearsal_report(row)) == []
    assert "There is no submission." in as_text(rehearsal_report(row))
    make_submission(row)
    assert "No task has been issued yet." in as_text(rehearsal_report(row))


@pytest.mark.parametrize("submissions", [1, 12])
def test_the_number_of_queries_does_not_grow(submissions: int) -> None:
    row = make_class("class", submissions)
    with CaptureQueriesContext(connection) as queries:
        report = rehearsal_report(row)
        as_text(report)
        charts(report)
    assert len(queries) == 3
    asked = " ".join(one["sql"] for one in queries)
    for column in ("secret", "screenshot", "log", "request", "criteria", "callback"):
        assert f'."{column}"' not in asked


def test_checks_that_differ_in_their_numbers_fail_together() -> None:
    row = make_class("class", 40)
    frequent = rehearsal_report(row).frequent_failures
    counts = [one.count for one in frequent]
    assert counts == sorted(counts, reverse=True)
    total = [one for one in frequent if "#total" in one.text and one.kind == "page"]
    assert len(total) == 1
    assert total[0].count > 1
    assert total[0].of > total[0].count


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x>12.50", "x > #"),
        ("word3 is 1,204", "# is # , #"),
        ("no number", "no number"),
        ("task-3fa9c1", "task - #"),
    ],
)
def test_each_number_becomes_one_sign(text: str, expected: str) -> None:
    assert without_numbers(text) == expected


@pytest.mark.parametrize(
    ("score", "expected"), [(1, "1.00"), (0.999, "0.99"), (0.29, "0.29"), (0, "0.00"), (None, "-")]
)
def test_only_a_whole_score_reads_as_one(score: float | None, expected: str) -> None:
    assert score_text(score) == expected


def test_the_table_names_each_round_and_what_is_wrong(rehearsal: Rehearsal) -> None:
    text = as_text(rehearsal_report(rehearsal))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "Rehearsal autumn, begun 2026-11-30 09:00 UTC, ended"
    assert "csv-sum-b5fc85 2 accepted 700 s late 0.50 1 of 3 -" in lines
    assert "sent 2 times" in lines
    assert "csv-sum-b5fc85 1 accepted 42 s 1.00 3 of 3 1" in lines
    assert "0.50 callback: Exactly one callback matches" in lines
    assert "not decided repository: The repository is public and was made after the request" in lines
    assert "csv-sum-5ff860 1 HTTP 500 none 0.00 0 of 1 -" in lines
    assert "sent 3 times: the answer is 500" in lines
    assert text.count("The callback came in time") == 1, "what held is not listed"
    assert "2 submissions, 3 tasks, 4 rounds: 3 accepted, 3 called back, 1 of them late." in text
    assert ENCRYPTED not in text


@pytest.mark.parametrize("submissions", [2, 30])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(submissions: int, width: int) -> None:
    row = make_class("a class with a name that is rather long", submissions)
    row.ended_at = None
    text = as_text(rehearsal_report(row), width=width)
    assert max(map(len, text.splitlines())) <= width


def test_a_class_is_a_line_for_each_and_the_most_frequent_failures() -> None:
    text = as_text(rehearsal_report(make_class("class", 30)))
    assert sum(line.startswith("student") for line in text.splitlines()) == 30
    assert "The checks that fail most often" in text
    assert "for example: " in text


def test_foreign_text_neither_steers_the_terminal_nor_breaks_its_encoding() -> None:
    row = make_rehearsal("a\x1b[2J")
    issued = make_issued(make_submission(row, "ü\u202e@example.com"))
    issued.results.create(number=1, kind="page", check_text="\x1b[31m日本", score=0, reason="line\nbreak \x9b2J")
    report = rehearsal_report(row)
    for encoding in ("ascii", "latin-1", "cp1252", "utf-8"):
        text = as_text(report, encoding=encoding)
        text.encode(encoding)
        assert not set("\x1b\x9b\u202e") & set(text)
    assert "line break" in text
    assert "<U+202E>" in as_text(report, encoding="ascii")


def test_checks_that_fail_for_one_reason_are_told_of_together() -> None:
    submission = make_submission(make_rehearsal(ended_at=BEGUN))
    issued = make_issued(submission, scores=(0,) * 5)
    issued.results.update(reason="no callback came")
    text = as_text(rehearsal_report(submission.rehearsal))
    assert text.count("no callback came") == 1
    assert "0.00 5 checks: " in text


def test_charts_say_in_words_what_they_draw(rehearsal: Rehearsal) -> None:
    scores, seconds, kinds = charts(rehearsal_report(rehearsal))
    assert scores.description == "0.0 to 0.1: 1 submission; 0.7 to 0.8: 1 submission"
    assert seconds.description == "to 1 min: 2 rounds; to 1 h: 1 round"
    assert kinds.description == "callback: 2 of 4; request: 2 of 3"
    assert [one.y for one in kinds.bars] == [20 * at for at in range(len(kinds.bars))]
