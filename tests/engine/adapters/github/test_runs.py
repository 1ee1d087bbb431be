"""Pages by a workflow, and the runs of a commit's workflows."""

from __future__ import annotations

from dataclasses import replace

import httpx2
import pytest

from engine.domain.publication import RunState
from engine.domain.repository import PagesSource
from engine.errors import OutOfService, Transient
from engine.formats.workflow_log import last_lines
from tests.engine.adapters.github.publishing import FILES, commit_of, published, spec_of
from tests.engine.checks.workflow_files import CI, tree

BY_WORKFLOW = {**FILES, **tree()}


def pushed(forge, **over):
    """Push a commit with a workflow to a repository whose Pages it publishes."""
    place, first = published(forge)
    place = forge.enable_pages(place, PagesSource.WORKFLOW)
    spec = commit_of(first, files=BY_WORKFLOW, **over)
    assert forge.commit(place, spec)
    return place, forge.compute(spec)


def looked(forge, place, sha):
    return forge.workflow_run(place, sha, (CI,))


def test_pages_change_between_branch_and_workflow_and_a_known_source_costs_no_call(double, forge):
    place, _ = published(forge)
    assert place.pages_source is PagesSource.BRANCH
    by_workflow = forge.enable_pages(place, PagesSource.WORKFLOW)
    assert by_workflow == replace(place, pages_source=PagesSource.WORKFLOW)
    calls = len(double.calls)
    assert forge.enable_pages(by_workflow, PagesSource.WORKFLOW) is by_workflow
    assert len(double.calls) == calls
    assert forge.enable_pages(replace(place, pages_url=""), PagesSource.WORKFLOW) == by_workflow, "it was on already"
    assert forge.enable_pages(by_workflow, PagesSource.BRANCH) == place


@pytest.mark.parametrize("may_be_empty", [True, False])
def test_an_empty_repository_gets_pages_by_a_workflow_if_github_allows_it(double, forge, may_be_empty):
    double.state.empty_pages = may_be_empty
    place = forge.create(spec_of())
    if may_be_empty:
        assert forge.enable_pages(place, PagesSource.WORKFLOW).pages_source is PagesSource.WORKFLOW
        return
    with pytest.raises(Transient) as refused:
        forge.enable_pages(place, PagesSource.WORKFLOW)
    assert refused.value.code == "pages_not_ready"


def test_a_run_is_followed_by_its_commit_to_its_deployment(double, forge):
    double.state.run_seconds, double.state.outputs = 60.0, {"result.json": b"1"}
    place, sha = pushed(forge)
    assert "no run of .github" in looked(forge, place, "0" * 40).detail
    assert (looked(forge, place, sha).state, looked(forge, place, sha).id != "") == (RunState.RUNNING, True)
    double.pass_time(60)
    run = looked(forge, place, sha)
    assert (run.state, run.conclusion, run.deployment) == (RunState.SUCCEEDED, "success", "success")
    assert run.url in run.detail
    assert httpx2.get(f"{place.pages_url}result.json", trust_env=False).content == b"1"
    left = double.state.limits.remaining
    double.pass_time(1)
    looked(forge, place, sha)
    assert left - double.state.limits.remaining == 2, "the unchanged list of runs is free"


def test_a_failed_run_names_its_job_and_step_and_where_the_log_is(double, forge):
    double.fault("run_failed", "run", job="build", step="Run it")
    place, sha = pushed(forge)
    double.pass_time(60)
    run = looked(forge, place, sha)
    assert (run.state, run.conclusion) == (RunState.FAILED, "failure")
    failure = forge.run_failure(place, run)
    assert (failure.job, failure.step, failure.lacks) == ("build", "Run it", "")
    log = httpx2.get(failure.log_url, trust_env=False)
    assert last_lines(log.content) == ["KeyError: 'revenew'", "##[error]Process completed with exit code 1."]


def test_a_token_without_the_permission_for_logs_gets_githubs_messages_and_the_permission_is_named(double, forge):
    double.fault("run_failed", "run")
    place, sha = pushed(forge)
    double.state.lacking = {"actions"}
    failure = forge.run_failure(place, looked(forge, place, sha))
    assert (failure.log_url, failure.messages) == ("", ("Process completed with exit code 1.",))
    assert "Actions: read" in failure.lacks


def test_a_workflow_that_github_cannot_read_fails_without_a_job(double, forge):
    double.add(double.fault("run_failed", "run", outcome="startup_failure"))
    place, sha = pushed(forge)
    run = looked(forge, place, sha)
    assert run.conclusion == "startup_failure"
    assert "the workflow file itself may be invalid" in forge.run_failure(place, run).lacks


def test_actions_that_are_switched_off_are_named_if_the_token_may_read_that(double, forge):
    double.state.actions_enabled = False
    place, sha = pushed(forge)
    assert (looked(forge, place, sha).state, looked(forge, place, sha).is_off) == (RunState.NONE, True)
    double.state.lacking = {"administration"}
    run = looked(forge, place, sha)
    assert (run.state, run.is_off, run.detail) == (RunState.NONE, False, f"GitHub has begun no run of {CI}")


@pytest.mark.parametrize("name", ["permission", "not_found"])
def test_runs_that_are_not_shown_say_why(double, forge, name):
    place, sha = pushed(forge)
    double.fault(name, "runs", times=None)
    run = looked(forge, place, sha)
    assert run.state is RunState.UNREADABLE
    assert ("Actions: read" in run.detail) is (name == "permission")
    assert forge.run_failure(place, replace(run, id="1")).lacks


def test_trouble_and_limits_are_not_taken_for_a_state_of_the_run(double, forge):
    place, sha = pushed(forge)
    double.fault("bad_gateway", "runs")
    with pytest.raises(Transient, match="forge_unwell"):
        looked(forge, place, sha)
    double.fault("bad_credentials", "runs")
    with pytest.raises(OutOfService, match="forge_token_refused"):
        looked(forge, place, sha)


def test_a_commit_in_the_place_of_another_leaves_one_in_the_history(double, forge):
    place, first = published(forge)
    spec = commit_of(None, message="Repaired", replaces=first)
    assert forge.commit(place, spec)
    assert double.commits(place.owner, place.name) == [forge.compute(spec)]
    assert forge.commit(place, spec), "a replay finds it there"
    assert not forge.commit(place, commit_of(None, message="Too late", replaces=first))
