from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from engine.domain.browser_report import BrowserReport, PageView
from engine.domain.checks import Check, CheckOutcome, Kind, PredicateResult, Target, Verdict
from engine.domain.http import Answer
from engine.domain.publication import FrozenCheck, ServedSentence
from engine.domain.repository import Limits, PagesBuild, Repository
from engine.errors import LeaseLost, OutOfService, RateLimited, Transient
from engine.steps.contracts import Deployed, Wait
from engine.steps.deploy import allowance, deploy
from engine.steps.publish import publish
from tests.engine.steps.inputs import deploying, publishing
from tests.engine.steps.test_verify import FakeBrowser
from tests.fakes import NOW, FakeFetcher, FakeForge, FakeJournal, make_ports

if TYPE_CHECKING:
    from engine.ports import Ports


def published(**over: object) -> tuple[Ports, Repository, str]:
    forge = FakeForge(lambda: NOW)
    ports = make_ports(**{"forge": forge, "fetcher": FakeFetcher(forge=forge), "journal": FakeJournal()} | over)
    outcome = publish(publishing(), ports)
    return ports, outcome.repository, outcome.sha


def test_a_live_page_is_reported_immediately() -> None:
    ports, place, sha = published()
    assert deploy(deploying(place, sha), ports) == Deployed(True, f"{place.pages_url} serves this commit")


def test_a_build_is_waited_for_3_s_at_first_and_longer_where_many_rounds_wait() -> None:
    ports, place, sha = published()
    limits = Limits(5000, 100, NOW + timedelta(seconds=250))
    for over, seconds in (
        ({}, 3),
        ({"waiting": 60}, 3),
        ({"waiting": 60, "published_at": NOW - timedelta(seconds=60)}, 8),
        ({"waiting": 3, "limits": limits}, 15),
    ):
        ports.forge.looks.append(PagesBuild("building", None))
        outcome = deploy(deploying(place, sha, **over), ports)
        assert isinstance(outcome, Wait)
        assert outcome.reason == "Pages: the build is building"
        assert (outcome.until - NOW).total_seconds() == pytest.approx(seconds)


def test_limits_of_an_hour_that_is_over_say_nothing() -> None:
    assert allowance(Limits(5000, 1, NOW), NOW) is None
    assert allowance(None, NOW) is None


def test_github_in_trouble_is_waited_for_as_long_as_it_asks() -> None:
    ports, place, sha = published()
    ports.forge.faults.before["pages_build"].append(RateLimited("forge_limit", "GitHub's limit is reached.", 40))
    outcome = deploy(deploying(place, sha), ports)
    assert isinstance(outcome, Wait)
    assert (outcome.until - NOW).total_seconds() == 40
    assert not outcome.failed


def test_a_page_that_will_never_be_live_is_reported_immediately_and_not_polled() -> None:
    ports, place, sha = published()
    ports.forge.looks.append(PagesBuild("superseded", "f" * 40, "a later commit ffffffffff is built in its place"))
    outcome = deploy(deploying(place, sha), ports)
    assert outcome == Deployed(False, "It was overtaken: a later commit ffffffffff is built in its place")


def test_the_callback_is_due_a_tenth_of_the_deadline_before_it_even_if_the_page_is_not_live() -> None:
    ports, place, sha = published()
    ports.clock.advance(538)
    ports.forge.looks += [PagesBuild("building", None)] * 2
    wait = deploy(deploying(place, sha), ports)
    assert isinstance(wait, Wait)
    assert (wait.until - NOW).total_seconds() == 540
    ports.clock.advance(2)
    outcome = deploy(deploying(place, sha), ports)
    assert isinstance(outcome, Deployed)
    assert (outcome.live, outcome.watch) == (False, True)
    assert "Not proven live in time" in outcome.detail


def test_a_forge_that_is_out_of_service_is_not_a_page_that_is_not_live() -> None:
    ports, place, sha = published()
    ports.forge.faults.before["pages_build"].append(OutOfService("forge_token_refused", "no", kind="forge"))
    with pytest.raises(OutOfService):
        deploy(deploying(place, sha), ports)


def frozen() -> tuple[FrozenCheck, ...]:
    return (
        FrozenCheck(1, Check(Kind.RULE, "LICENSE is MIT"), Verdict.PASS),
        FrozenCheck(4, Check(Kind.JS, "a"), Verdict.PASS),
        FrozenCheck(5, Check(Kind.JS, "b"), Verdict.FAIL),
        FrozenCheck(7, Check(Kind.PAGE_LOAD, "The page opens without errors at 1280 pixels"), Verdict.PASS),
    )


def live_report(*verdicts: Verdict) -> BrowserReport:
    checks = [f.check for f in frozen() if f.check.kind is Kind.JS]
    results = [CheckOutcome(check, Target.LIVE, verdict) for check, verdict in zip(checks, verdicts, strict=True)]
    return BrowserReport(results, [PageView(1280, True, b"jpeg", (), (), (), {})])


def deployed_live(browser: FakeBrowser, seconds: float = 0) -> tuple[Deployed, Ports, Repository]:
    ports, place, sha = published(browser=browser)
    ports.clock.advance(seconds)
    outcome = deploy(deploying(place, sha, checks=frozen()), ports)
    assert isinstance(outcome, Deployed)
    return outcome, ports, place


def test_the_same_checks_run_once_more_on_the_live_page_and_keep_their_positions() -> None:
    browser = FakeBrowser(live_report(Verdict.PASS, Verdict.FAIL))
    outcome, ports, place = deployed_live(browser)
    page, checks, seconds = browser.asked[0]
    assert (page.url, page.files, page.target) == (place.pages_url, None, Target.LIVE)
    assert [check.text for check in checks] == ["a", "b"]
    assert seconds == 60
    assert [(position, r.verdict) for position, r in outcome.results] == [
        (4, Verdict.PASS),
        (5, Verdict.FAIL),
        (7, Verdict.PASS),
    ]
    assert "1 of 2 of the request's checks holds; own checks: 1 of 1" in outcome.detail
    assert ports.journal.warnings == []


def test_a_check_that_was_not_run_on_the_live_page_keeps_its_verdict_and_is_no_difference() -> None:
    outcome, ports, _ = deployed_live(FakeBrowser(live_report(Verdict.NOT_RUN, Verdict.FAIL)))
    assert ports.journal.warnings == []
    assert "1 of 2 of the request's checks holds; own checks: 1 of 1" in outcome.detail


def test_a_check_that_says_nothing_of_any_page_is_not_run_live_and_counted_as_not_decided() -> None:
    browser = FakeBrowser(BrowserReport([CheckOutcome(Check(Kind.JS, "a"), Target.LIVE, Verdict.PASS)]))
    ports, place, sha = published(browser=browser)
    checks = (
        FrozenCheck(1, Check(Kind.JS, "a"), Verdict.PASS),
        FrozenCheck(2, Check(Kind.JS, "1"), Verdict.VACUOUS),
    )
    outcome = deploy(deploying(place, sha, checks=checks), ports)
    assert [check.text for check in browser.asked[0][1]] == ["a"]
    assert isinstance(outcome, Deployed)
    assert "1 of 2 of the request's checks holds, 1 not decided" in outcome.detail


def test_where_the_live_page_differs_it_is_a_warning() -> None:
    outcome, ports, _ = deployed_live(FakeBrowser(live_report(Verdict.TIMEOUT, Verdict.FAIL)))
    assert outcome.live
    assert ports.journal.warnings == [
        "The live page differs from the one that was checked: a: pass before, timeout live"
    ]


def test_the_live_checks_never_make_the_callback_late() -> None:
    browser = FakeBrowser(live_report(Verdict.PASS, Verdict.FAIL))
    deployed_live(browser, seconds=520)
    assert browser.asked[0][2] == pytest.approx(15)


ARCHIVE = PredicateResult(
    "archive.zip is served by the published site", Verdict.NOT_RUN, "decided once the page is live"
)
LICENSED = PredicateResult("LICENSE holds the text of the MIT licence", Verdict.PASS, "it is the MIT licence")


def sentence(*results: PredicateResult) -> ServedSentence:
    served = {at: "my archive.zip" for at, one in enumerate(results) if one.verdict is Verdict.NOT_RUN}
    return ServedSentence(6, Check(Kind.PROSE, "archive.zip can be downloaded"), results, served)


@pytest.mark.parametrize(
    ("answer", "others", "verdict", "seen"),
    [
        (b"PK", (LICENSED,), Verdict.PASS, "answers 200"),
        (Answer(404, {}, b"", ""), (LICENSED,), Verdict.FAIL, "answers 404"),
        (b"PK", (replace(LICENSED, verdict=Verdict.FAIL, seen="it is not"),), Verdict.FAIL, "it is not"),
        (Transient("fetch_failed", "No connection."), (), Verdict.INCONCLUSIVE, "could not be fetched: No connection."),
    ],
)
def test_a_sentence_that_waited_for_the_page_to_be_live_is_decided_by_what_is_served(
    answer: bytes | Answer | Transient, others: tuple[PredicateResult, ...], verdict: Verdict, seen: str
) -> None:
    ports, place, sha = published()
    url = f"{place.pages_url}my%20archive.zip"
    ports.fetcher.answers[url] = answer
    outcome = deploy(deploying(place, sha, sentences=(sentence(ARCHIVE, *others),)), ports)
    assert isinstance(outcome, Deployed)
    ((position, result),) = outcome.results
    assert (position, result.target, result.verdict) == (6, Target.LIVE, verdict)
    assert seen in result.detail
    assert url in ports.fetcher.fetched


def test_what_is_served_is_asked_only_once_the_page_is_live() -> None:
    ports, place, sha = published()
    ports.forge.looks.append(PagesBuild("building", None))
    assert isinstance(deploy(deploying(place, sha, sentences=(sentence(ARCHIVE),)), ports), Wait)
    assert not any("archive" in url for url in ports.fetcher.fetched)


def test_sentences_are_decided_beside_the_browser_checks() -> None:
    browser = FakeBrowser(live_report(Verdict.PASS, Verdict.FAIL))
    ports, place, sha = published(browser=browser)
    outcome = deploy(deploying(place, sha, checks=frozen(), sentences=(sentence(ARCHIVE),)), ports)
    assert isinstance(outcome, Deployed)
    assert [(position, r.verdict) for position, r in outcome.results][:2] == [(6, Verdict.FAIL), (4, Verdict.PASS)]


def test_a_lease_that_is_lost_while_a_path_is_asked_for_ends_it() -> None:
    ports, place, sha = published()
    ports.fetcher.answers[f"{place.pages_url}my%20archive.zip"] = LeaseLost()
    with pytest.raises(LeaseLost):
        deploy(deploying(place, sha, sentences=(sentence(ARCHIVE),)), ports)
