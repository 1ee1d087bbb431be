from __future__ import annotations

import pytest

from engine.core.checks import Check, CheckResult, Kind, Target, Verdict
from engine.errors import OutOfService, Transient
from engine.ports import Answer, BrowserReport, Look, PageView, Ports, Repository
from engine.steps.deploy import FrozenCheck, deploy
from engine.steps.outcomes import Deployed, Wait
from engine.steps.publish import publish
from tests.engine.steps.inputs import deploying, publishing
from tests.engine.steps.test_verify import FakeBrowser
from tests.fakes import NOW, PAGE, FakeFetcher, FakeForge, FakeJournal, make_ports


def published(**over: object) -> tuple[Ports, Repository, str]:
    forge = FakeForge(lambda: NOW)
    ports = make_ports(**{"forge": forge, "fetcher": FakeFetcher(forge=forge), "journal": FakeJournal()} | over)
    outcome = publish(publishing(), ports)
    return ports, outcome.repository, outcome.sha


def test_live_means_built_from_this_commit_and_these_bytes_past_the_cache_and_on_the_plain_address() -> None:
    ports, place, sha = published()
    ports.fetcher.answers[f"{place.pages_url}?commit={sha}"] = PAGE
    assert deploy(deploying(place, sha), ports) == Deployed(True, f"{place.pages_url} serves this commit")
    assert ports.fetcher.fetched == [f"{place.pages_url}?commit={sha}", place.pages_url]
    assert ports.journal.looks[-1][2] is True


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (Look("building", None), "the build is building"),
        (Look("built", "0" * 40), "the newest build is of commit 0000"),
    ],
)
def test_another_build_is_waited_for_and_the_page_is_not_touched(look: Look, reason: str) -> None:
    ports, place, sha = published()
    ports.forge.looks.append(look)
    outcome = deploy(deploying(place, sha), ports)
    assert isinstance(outcome, Wait)
    assert reason in outcome.reason
    assert (outcome.until - NOW).total_seconds() == 3
    assert ports.fetcher.fetched == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"old bytes", "serves other bytes"),
        (Answer(404, {}, b"", ""), "answers 404"),
        (Transient("timed_out", "It took too long."), "could not be fetched: It took too long."),
    ],
)
@pytest.mark.parametrize("query", [True, False])
def test_old_bytes_an_early_404_and_a_silent_server_are_not_live_yet(answer: object, reason: str, query: bool) -> None:
    ports, place, sha = published()
    busting = f"{place.pages_url}?commit={sha}"
    ports.fetcher.answers |= {busting: PAGE} | {busting if query else place.pages_url: answer}
    outcome = deploy(deploying(place, sha), ports)
    assert isinstance(outcome, Wait)
    assert reason in outcome.reason
    assert ports.journal.looks[-1][2] is False


def test_an_errored_build_is_told_at_once() -> None:
    ports, place, sha = published()
    ports.forge.looks.append(Look("errored", sha, "Page build failed."))
    outcome = deploy(deploying(place, sha), ports)
    assert outcome == Deployed(False, "The build of Pages failed: Page build failed.")


def test_a_later_round_that_is_built_already_is_not_waited_out() -> None:
    ports, place, sha = published()
    ports.forge.looks.append(Look("built", "f" * 40))
    outcome = deploy(deploying(place, sha, later=frozenset({"e" * 40, "f" * 40})), ports)
    assert outcome == Deployed(False, f"A later round's commit {'f' * 10} was built before this one was seen live")


def test_a_tenth_of_the_deadline_before_it_the_evaluator_is_told_all_the_same() -> None:
    ports, place, sha = published()
    ports.clock.advance(538)
    ports.forge.looks += [Look("building", None)] * 2
    wait = deploy(deploying(place, sha), ports)
    assert isinstance(wait, Wait)
    assert (wait.until - NOW).total_seconds() == 540
    ports.clock.advance(2)
    outcome = deploy(deploying(place, sha), ports)
    assert isinstance(outcome, Deployed)
    assert not outcome.live
    assert "Not proven live in time" in outcome.detail


def test_a_forge_that_is_out_of_service_is_not_a_page_that_is_not_live() -> None:
    ports, place, sha = published()
    ports.forge.faults.before["look"].append(OutOfService("forge_token_refused", "no", kind="forge"))
    with pytest.raises(OutOfService):
        deploy(deploying(place, sha), ports)


def frozen() -> tuple[FrozenCheck, ...]:
    return (
        FrozenCheck(1, Check(Kind.RULE, "LICENSE is MIT"), Verdict.PASS),
        FrozenCheck(4, Check(Kind.JS, "a"), Verdict.PASS),
        FrozenCheck(5, Check(Kind.JS, "b"), Verdict.FAIL),
        FrozenCheck(7, Check(Kind.VIEW, "The page opens without errors at 1280 pixels"), Verdict.PASS),
    )


def live_report(*verdicts: Verdict) -> BrowserReport:
    checks = [f.check for f in frozen() if f.check.kind is Kind.JS]
    results = [CheckResult(check, Target.LIVE, verdict) for check, verdict in zip(checks, verdicts, strict=True)]
    return BrowserReport(results, [PageView(1280, True, b"jpeg", (), (), (), {})])


def deployed_live(browser: FakeBrowser, seconds: float = 0) -> tuple[Deployed, Ports, Repository]:
    ports, place, sha = published(browser=browser)
    ports.fetcher.answers[f"{place.pages_url}?commit={sha}"] = PAGE
    ports.clock.advance(seconds)
    outcome = deploy(deploying(place, sha, checks=frozen(), words="the brief"), ports)
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
    assert "1 of 2 browser checks passed there" in outcome.detail
    assert ports.journal.warnings == []


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
