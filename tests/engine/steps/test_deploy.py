from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from engine.domain.browser_report import BrowserReport, PageView
from engine.domain.budget import fresh
from engine.domain.checks import Check, CheckOutcome, Kind, PredicateResult, Target, Verdict
from engine.domain.http import Answer
from engine.domain.publication import FrozenCheck, RunFailure, RunState, ServedSentence, WorkflowRun
from engine.domain.repository import Limits, PagesBuild, PagesSource, Repository
from engine.errors import LeaseLost, OutOfService, RateLimited, Transient
from engine.steps.contracts import Deployed, RunFailed, Wait
from engine.steps.deploy import RUN_AT, allowance, deploy
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


# --- Workflows

RUN = WorkflowRun(RunState.SUCCEEDED, "the run succeeded: https://run", "1", "https://run", "success", "success")
FAILED_RUN = WorkflowRun(RunState.FAILED, "the run ended with failure: https://run", "1", "https://run", "failure")
RUNNING = WorkflowRun(RunState.RUNNING, "the run is in_progress: https://run", "1", "https://run")
NO_RUN = WorkflowRun(RunState.NONE, "GitHub has begun no run of ci.yml")
OFF = WorkflowRun(RunState.NONE, "GitHub has begun no run of ci.yml: Actions is switched off", is_off=True)
NOT_RUN = WorkflowRun(RunState.NOT_RUN, "the local forge runs no workflows")
UNREADABLE = WorkflowRun(RunState.UNREADABLE, "The token needs Actions: read.")
#: A sentence of the request that the run and a published path decide.
ASKED = ServedSentence(
    3,
    Check(Kind.PROSE, "It ran and published"),
    (PredicateResult("it ran", Verdict.NOT_RUN), PredicateResult("it is served", Verdict.NOT_RUN)),
    {1: "result.json"},
    frozenset({0}),
)
WORKFLOW: dict[str, object] = {"workflows": ("ci.yml",), "outputs": ("result.json",), "sentences": (ASKED,)}


def by_workflow(*runs: WorkflowRun, **over: object) -> tuple[Ports, object]:
    """Publish by a workflow with these states of its run, and deploy once."""
    ports, place, sha = published()
    place = ports.forge.enable_pages(place, PagesSource.WORKFLOW)
    ports.forge.runs = list(runs)
    ports.fetcher.answers |= {f"{place.pages_url}result.json": b"{}"} | over.pop("answers", {})
    return ports, deploy(deploying(place, sha, **{**WORKFLOW, **over}), ports)


def verdicts(outcome: Deployed) -> dict[int, tuple[Verdict, list[Verdict]]]:
    return {at: (result.verdict, [one.verdict for one in result.predicates]) for at, result in outcome.results}


def test_live_means_that_the_run_succeeded_and_that_the_page_and_its_outputs_are_served() -> None:
    ports, outcome = by_workflow(RUN)
    assert (outcome.live, outcome.degraded) == (True, "")
    assert outcome.detail.endswith("serves this commit; the run succeeded: https://run")
    assert verdicts(outcome) == {3: (Verdict.PASS, [Verdict.PASS] * 2), RUN_AT: (Verdict.PASS, [])}
    assert ports.journal.looks[-1][0].status == "run succeeded"


@pytest.mark.parametrize(
    ("run", "over", "reason"),
    [
        (RUNNING, {}, "the run is in_progress: https://run"),
        (NO_RUN, {"awaited_since": 5}, "GitHub has begun no run of ci.yml yet"),
        (NO_RUN, {"awaited_since": 61}, "Actions may be switched off for the account"),
        (
            replace(RUN, deployment=""),
            {"lacking": True},
            "though the run succeeded; its deployment to Pages does not exist",
        ),
        (UNREADABLE, {"lacking": True}, "The token needs Actions: read.; the page answers 404"),
    ],
)
def test_a_run_is_waited_for_with_its_state(run: WorkflowRun, over: dict[str, object], reason: str) -> None:
    ports, place, sha = published()
    place = ports.forge.enable_pages(place, PagesSource.WORKFLOW)
    ports.forge.runs = [run]
    if over.get("lacking"):
        ports.fetcher.answers[f"{place.pages_url}?commit={sha}&at={NOW:%H%M%S%f}"] = Answer(404, {}, b"", "")
    task = deploying(place, sha, **WORKFLOW)
    since = NOW - timedelta(seconds=over.get("awaited_since", 0))
    outcome = deploy(replace(task, awaited=replace(task.awaited, published_at=since)), ports)
    assert isinstance(outcome, Wait)
    assert reason in outcome.reason


def test_an_output_that_is_not_served_yet_is_waited_for() -> None:
    _, place, _ = published()
    _, outcome = by_workflow(RUN, answers={f"{place.pages_url}result.json": Answer(404, {}, b"", "")})
    assert isinstance(outcome, Wait)
    assert outcome.reason == "Pages: result.json answers 404, though the run succeeded"


def test_a_page_that_the_workflow_changed_is_known_by_its_marker() -> None:
    ports, place, sha = published()
    place = ports.forge.enable_pages(place, PagesSource.WORKFLOW)
    task = deploying(place, sha, **WORKFLOW, marker="round/1")
    fresh = f"{place.pages_url}?commit={sha}&at={NOW:%H%M%S%f}"
    ports.fetcher.answers |= dict.fromkeys((fresh, place.pages_url), b"<meta name=r content=round/1>minified")
    ports.fetcher.answers[f"{place.pages_url}result.json"] = b"{}"
    assert deploy(task, ports).live
    ports.fetcher.answers[place.pages_url] = b"<meta name=r content=round/0>"
    assert "still serves other bytes" in deploy(task, ports).reason


def test_a_failed_run_goes_to_a_repair_with_the_end_of_its_log() -> None:
    ports, place, sha = published()
    place = ports.forge.enable_pages(place, PagesSource.WORKFLOW)
    ports.forge.runs = [FAILED_RUN]
    ports.forge.failure = RunFailure("build", "Run it", log_url="https://logs.test/1")
    ports.fetcher.answers["https://logs.test/1"] = b"2026-11-30T12:00:00.0Z KeyError\n##[error]exit 1\nCleaning up"
    outcome = deploy(deploying(place, sha, published_at=NOW - timedelta(seconds=40), **WORKFLOW), ports)
    assert isinstance(outcome, RunFailed)
    assert (outcome.position, outcome.result.verdict) == (RUN_AT, Verdict.FAIL)
    assert outcome.detail == "The run ended with failure: https://run at the step 'Run it' of the job 'build'"
    assert outcome.result.value == {
        "url": "https://run", "conclusion": "failure", "job": "build", "step": "Run it",
        "log": ["KeyError", "##[error]exit 1"], "seconds": 40.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (Answer(410, {}, b"", ""), "(The log's address answers 410)"),
        (Transient("x", "No line."), "could not be fetched: No"),
    ],
)
def test_a_log_that_is_not_to_be_had_says_so_and_without_an_address_githubs_messages_stand_for_it(
    answer: object, line: str
) -> None:
    ports, place, sha = published()
    place = ports.forge.enable_pages(place, PagesSource.WORKFLOW)
    ports.forge.runs, ports.forge.failure = [FAILED_RUN], RunFailure("build", log_url="https://logs.test/1")
    ports.fetcher.answers["https://logs.test/1"] = answer
    assert line in deploy(deploying(place, sha, **WORKFLOW), ports).result.value["log"][0]
    ports.forge.failure = RunFailure("build", "", ("exit code 1",), lacks="The token needs Actions: read.")
    outcome = deploy(deploying(place, sha, **WORKFLOW), ports)
    assert outcome.result.value["log"] == ["exit code 1"]
    assert outcome.detail.endswith("at the job 'build'. The token needs Actions: read.")


@pytest.mark.parametrize(
    ("run", "over", "reason"),
    [
        (FAILED_RUN, {"unrepairable": "A repair was tried once"}, "of the job 'build'. A repair was tried once"),
        (FAILED_RUN, {"published_at": NOW - timedelta(seconds=500)}, "It was not repaired: the time does not allow it"),
        (replace(FAILED_RUN, conclusion="cancelled"), {}, "The run ended with failure"),
        (OFF, {}, "Actions is switched off"),
    ],
)
def test_a_run_that_failed_for_good_degrades_the_round_and_decides_what_it_can(
    run: WorkflowRun, over: dict[str, object], reason: str
) -> None:
    _, place, _ = published()
    lost = {f"{place.pages_url}result.json": Answer(404, {}, b"", "")}
    _, outcome = by_workflow(run, answers=lost, **over)
    assert (outcome.live, outcome.watch, outcome.degraded) == (False, False, outcome.detail)
    assert reason in outcome.detail
    assert verdicts(outcome) == {3: (Verdict.FAIL, [Verdict.FAIL] * 2), RUN_AT: (Verdict.FAIL, [])}


def test_a_run_that_never_ends_is_told_of_at_the_deadline_and_watched() -> None:
    _, outcome = by_workflow(RUNNING, budget=fresh(NOW - timedelta(seconds=540), 600))
    assert (outcome.live, outcome.watch, outcome.degraded) == (False, True, outcome.detail)
    assert outcome.detail == "Not proven live in time: the run is in_progress: https://run"
    assert verdicts(outcome)[RUN_AT] == (Verdict.INCONCLUSIVE, [])


@pytest.mark.parametrize(("run", "verdict"), [(NOT_RUN, Verdict.NOT_RUN), (UNREADABLE, Verdict.INCONCLUSIVE)])
def test_what_nobody_saw_running_is_neither_live_nor_degraded(run: WorkflowRun, verdict: Verdict) -> None:
    ports, outcome = by_workflow(run)
    assert (outcome.live, outcome.degraded, outcome.watch) == (False, "", False)
    assert ports.journal.warnings == [outcome.detail]
    assert outcome.detail.startswith("The page serves this commit, but its workflow was not seen to succeed: ")
    assert run.detail in outcome.detail
    found = verdicts(outcome)
    assert found[RUN_AT] == (verdict, [])
    assert found[3][1] == [verdict, Verdict.NOT_RUN if run is NOT_RUN else Verdict.PASS]


def test_a_page_of_the_branch_is_live_only_with_the_run_of_its_workflow() -> None:
    ports, place, sha = published()
    ports.forge.runs = [RUNNING, RUN]
    assert (
        deploy(deploying(place, sha, workflows=("ci.yml",)), ports).reason
        == "Pages: the run is in_progress: https://run"
    )
    assert deploy(deploying(place, sha, workflows=("ci.yml",)), ports).live


def test_a_commit_without_a_workflow_decides_that_it_did_not_run() -> None:
    ports, place, sha = published()
    outcome = deploy(deploying(place, sha, sentences=(replace(ASKED, served={}),)), ports)
    assert outcome.results[0][1].predicates[0].seen == "the commit has no workflow that a push starts"
