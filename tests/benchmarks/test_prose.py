"""The suite of sentences with known truth: by plans written by hand nothing passes that is false and nothing fails that
is true."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.prose import Judged, by_model, fixed_pages, judged, summary, table
from benchmarks.suite.judge import machine
from engine.adapters.browser.chromium_browser import ChromiumBrowser
from engine.domain.browser_report import BrowserReport
from engine.domain.checks import Verdict
from engine.errors import Transient
from tests.engine.check_browser.conftest import chromium  # noqa: F401  # a fixture
from tests.fakes import FakeAuthor

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.prose import FixedPage

PAGES = fixed_pages()
DECIDED = {Verdict.PASS, Verdict.FAIL}
of_each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


class NoBrowser:
    """Opens no page."""

    def run(self, *_: object, **__: object) -> BrowserReport:
        return BrowserReport((), not_run="no browser")


def test_the_suite_is_as_large_as_it_says_and_half_of_it_is_false() -> None:
    truths = [truth for page in PAGES for _, truth in page.sentences]
    assert len(truths) >= 50
    assert truths.count(False) == len(truths) / 2


@of_each_page
def test_a_plan_that_was_written_by_hand_reads_every_sentence_and_nothing_of_it_is_refused(page: FixedPage) -> None:
    reading = page.by_hand()
    assert (reading.errors, reading.refused) == ((), ())
    assert [reading.plan.reading(at) is not None for at in range(len(page.sentences))] == [True] * len(page.sentences)


@of_each_page
def test_what_files_decide_needs_no_browser(page: FixedPage) -> None:
    found = judged(page, NoBrowser(), page.by_hand().plan)
    by_files = [row for row in found if row.by == "files"]
    assert [row.text for row in by_files if row.wrong or row.verdict not in DECIDED] == []
    assert {row.verdict for row in found if row.by == "page"} <= {Verdict.NOT_RUN}


def test_files_decide_true_and_false_sentences() -> None:
    found = [row for page in PAGES for row in judged(page, NoBrowser(), page.by_hand().plan)]
    assert {row.verdict for row in found if row.by == "files"} == DECIDED


@of_each_page
def test_without_a_plan_nothing_is_decided(page: FixedPage) -> None:
    found = judged(page, NoBrowser(), None)
    assert {(row.verdict, row.by, row.wrong) for row in found} == {(Verdict.UNVERIFIABLE, "nothing", "")}


@pytest.mark.browser
@pytest.mark.slow
@of_each_page
def test_nothing_passes_that_is_false_and_nothing_fails_that_is_true(
    page: FixedPage,
    chromium: str,  # noqa: F811
    tmp_path: Path,
) -> None:
    browser = ChromiumBrowser(replace(machine(tmp_path, window=3.0), executable=chromium))
    found = judged(page, browser, page.by_hand().plan)
    assert [(row.text, row.detail) for row in found if row.wrong] == []
    decided = [row for row in found if row.by == "page" and row.verdict in DECIDED]
    assert decided  # how many depends on how busy the machine is


def test_a_model_is_asked_for_the_plan_as_in_a_round(capsys: pytest.CaptureFixture[str]) -> None:
    page = PAGES[0]
    author = FakeAuthor()
    author.plans = ["I cannot tell.", page.plan]
    assert by_model(author, 5)(page).plan == page.by_hand().plan
    assert [page.words in messages[1].content for _, messages, _, _ in author.planned] == [True, True]
    assert "github-user-wxyz" in capsys.readouterr().err
    author.plans = [Transient("model_timeout", "late")]
    with pytest.raises(Transient):
        by_model(author, 5)(page)


def test_the_table_shows_a_wrong_verdict() -> None:
    made = [
        Judged("p", "It is", False, Verdict.PASS, "page", ""),
        Judged("p", "It was", True, Verdict.FAIL, "files", ""),
        Judged("p", "It will be", True, Verdict.PASS, "files", ""),
    ]
    assert "| p | It is | false | **pass: false pass** | page |" in table(made)
    assert summary(made) == (
        "3 sentences, 1 of them false: 2 decided by the files, 0 false passes, 1 false fails; "
        "1 decided by the page, 1 false passes, 0 false fails"
    )
