"""The suite of sentences with known truth: nothing passes that is false, no rule fails what is true, and good probes decide some of the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.prose import Judged, fixed_pages, judged, summary, table
from benchmarks.suite.judge import machine
from engine.adapters.chromium_browser import ChromiumBrowser
from engine.core.checks import Verdict
from engine.core.probe_replies import parse_probes
from engine.core.prose import undecided
from tests.browser.conftest import chromium  # noqa: F401  # a fixture

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.prose import FixedPage
    from engine.core.probes import Probe

#: What a good model would write, in the order of the sentences that no rule decides; some are careless, as models are.
REPLIES = {
    "account": """\
1
fill #login = octocat
click #look-up
expect document.querySelector('#created').textContent.trim() === '2011-01-25'
2
fill #login = nobody-of-that-name
click #look-up
expect document.querySelector('#status').textContent.includes('Not found')
3
expect document.querySelector('#created').textContent === ''
4
expect document.body.innerText.includes('bicycle') || document.title !== ''
""",
    "notes": """\
1
fill #note = Milk
click #add
expect document.querySelector('#notes li').textContent === 'Milk'
2
fill #note = Milk
click #add
fill #note = Bread
click #add
expect document.querySelector('#notes li').textContent === 'Bread'
3
fill #note = Milk
click #add
expect document.querySelector('#note').value === ''
4
fill #note = Milk
click #add
expect document.querySelector('#counter').textContent.trim() === '1'
5
fill #note = Milk
click #add
reload
expect document.querySelector('#notes').textContent.includes('Milk')
6
fill #note = Milk
press #note = Enter
expect document.querySelector('#notes').textContent.includes('Milk')
7
fill #note = Milk
click #add
click #clear
expect document.querySelectorAll('#notes li').length === 0
8
not automatable: what a game of chess is cannot be looked up
""",
    "sales": """\
1
select #region = North
expect [...document.querySelectorAll('#rows tbody tr')].every(row => row.textContent.includes('North'))
2
select #region = West
expect document.querySelector('#total').textContent.trim() === '250.00'
3
expect document.querySelector('#rows tbody tr').textContent.includes('Desk')
4
expect document.querySelector('#rows tbody tr').textContent.includes('Chair')
5
select #region = North
expect document.querySelector('#count').textContent.trim() === '2'
6
expect document.documentElement.lang.length > 0
""",
}
PAGES = fixed_pages()


def probes_of(page: FixedPage) -> tuple[Probe, ...]:
    return parse_probes(REPLIES[page.name], undecided(page.checks))


def rows(page: FixedPage, chromium: str, folder: Path) -> list[Judged]:  # noqa: F811
    browser = ChromiumBrowser(replace(machine(folder, window=3.0), executable=chromium))
    return judged(page, browser, probes_of(page))


def test_the_suite_is_as_large_as_it_says_and_half_of_it_is_false() -> None:
    truths = [truth for page in PAGES for _, truth in page.sentences]
    assert len(truths) >= 30
    assert truths.count(False) == len(truths) / 2
    assert {page.name for page in PAGES} == set(REPLIES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_probe_can_be_used(page: FixedPage) -> None:
    refused = [probe.why_not for probe in probes_of(page) if probe.why_not]
    assert [why for why in refused if not why.startswith("not automatable")] == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nothing_passes_that_is_false_and_nothing_fails_that_is_true(
    page: FixedPage,
    chromium: str,  # noqa: F811
    tmp_path: Path,
) -> None:
    found = rows(page, chromium, tmp_path)
    assert [(row.text, row.detail) for row in found if row.wrong] == []
    undecided_by_rules = [row.text for row in found if row.by == "rule" and row.verdict not in {"pass", "fail"}]
    assert undecided_by_rules == []
    by_probe = [row for row in found if row.by == "probe"]
    assert any(
        row.verdict in {Verdict.PASS, Verdict.FAIL} for row in by_probe
    )  # how many depends on how busy the machine is


def test_the_table_shows_a_wrong_verdict() -> None:
    made = [
        Judged("p", "It is", False, Verdict.PASS, "probe", ""),
        Judged("p", "It was", True, Verdict.FAIL, "rule", ""),
        Judged("p", "It will be", True, Verdict.PASS, "rule", ""),
    ]
    assert "| p | It is | false | **pass: false pass** | probe |" in table(made)
    assert summary(made) == (
        "3 sentences, 1 of them false: 2 decided by a rule, 0 false passes, 1 false fails; 1 decided by a probe, 1 false passes, 0 false fails"
    )
