"""Rounds that publish by a workflow, on the double: what is live, what fails, and what is repaired."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from tasks_app.models import Breaker, CheckResult, Commit, StepRun
from tasks_app.reports.headline import headline
from tests.engine.checks.workflow_files import CI, WORKFLOW
from tests.fakes import PAGE, README, FakeAuthor, page_reply, plan_reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks_app.models import Round
    from tests.github.service import Service

BRIEF = f"Publish a page by {CI}, which runs execute.py and publishes result.json. Do not commit it."
CHECKS = ["The workflow ran", "result.json is published", "result.json is not committed"]
PLAN = plan_reply(
    {"path": "execute.py", "source": "write"},
    {"path": CI, "source": "write"},
    {"path": "result.json", "source": "workflow_output"},
    pages="workflow",
    checks=[
        {"number": 1, "predicates": [{"kind": "workflow_succeeded"}]},
        {"number": 2, "predicates": [{"kind": "served", "path": "result.json"}]},
        {"number": 3, "predicates": [{"kind": "absent", "path": "result.json"}]},
    ],
)
FILES = {"index.html": PAGE, "README.md": README, "execute.py": b"print(1)\n", CI: WORKFLOW.encode()}


@pytest.fixture
def author(service: Service, monkeypatch: pytest.MonkeyPatch) -> FakeAuthor:
    """A model that plans and writes a workflow; the double's runs publish result.json."""
    author = FakeAuthor(models=("first",))
    author.plans, author.replies = [PLAN] * 4, [page_reply(FILES)]
    monkeypatch.setattr("tasks_app.wiring.author", lambda: author)
    service.double.state.outputs = {"result.json": b"1"}
    return author


def repair(**files: bytes) -> object:
    return page_reply({"execute.py": b"print(2)\n"} | files)


def verdicts(row: Round) -> Mapping[str, str]:
    found = CheckResult.objects.filter(attempt=row.chosen_attempt, kind__in=("prose", "run")).order_by("target")
    return dict(found.values_list("text", "verdict")) | dict(found.filter(target="live").values_list("text", "verdict"))


def steps(row: Round) -> list[str]:
    return list(StepRun.objects.filter(round=row).order_by("pk").values_list("step", flat=True))


@pytest.mark.parametrize("may_be_empty", [True, False])
def test_a_round_is_one_commit_that_its_workflow_publishes(
    service: Service, author: FakeAuthor, may_be_empty: bool
) -> None:
    service.double.state.empty_pages = may_be_empty
    row = service.done(brief=BRIEF, checks=CHECKS)
    assert (row.state, row.live, row.degraded, row.pages_source) == ("completed", True, False, "workflow")
    assert service.double.commits(row.owner, row.repository) == [row.commit_sha]
    assert "result.json" not in service.double.files(row.owner, row.repository)
    assert urlopen(f"{row.pages_url}result.json").read() == b"1"
    assert set(verdicts(row).values()) == {"pass"}
    assert service.double.count("builds") == 0, "no build of the branch is waited for"
    assert row.pages_statuses.last().build_status == "run succeeded"
    assert [call["commit_sha"] for call in service.callbacks()] == [row.commit_sha]
    (run,) = CheckResult.objects.filter(kind="run")
    assert "/actions/runs/" in run.value["url"]


def test_a_failed_run_is_repaired_once_and_its_commit_replaced(service: Service, author: FakeAuthor) -> None:
    service.double.fault("run_failed", "run", job="build", step="Run it")
    author.replies.append(repair())
    row = service.done(brief=BRIEF, checks=CHECKS)
    assert (row.state, row.live, row.degraded) == ("completed", True, False)
    assert steps(row) == ["generate", "verify", "publish", "deploy"] * 2 + ["notify"]
    assert service.double.commits(row.owner, row.repository) == [row.commit_sha], "one commit in the end"
    told = author.asked[-1][1][-1].content
    assert "at the step 'Run it' of the job 'build' (by GitHub Actions, on the published commit)" in told
    assert "KeyError: 'revenew'\n##[error]Process completed with exit code 1.\n" in told
    replaced, kept = Commit.objects.filter(round=row, abandoned_at=None).order_by("pk")
    assert (replaced.replaced_at is not None, kept.sha, kept.replaced_at) == (True, row.commit_sha, None)
    assert [call["commit_sha"] for call in service.callbacks()] == [row.commit_sha]


def test_a_second_failure_is_told_and_not_repaired_again(service: Service, author: FakeAuthor) -> None:
    service.double.fault("run_failed", "run", times=None, job="build", step="Run it")
    author.replies.append(repair())
    row = service.done(brief=BRIEF, checks=CHECKS)
    assert (row.state, row.live, row.degraded, row.late) == ("completed", False, True, False)
    assert steps(row).count("publish") == 2
    assert len(service.double.commits(row.owner, row.repository)) == 1
    assert verdicts(row) == {
        CHECKS[0]: "fail", CHECKS[1]: "fail", CHECKS[2]: "pass", "The workflow run of this commit succeeds": "fail",
    }  # fmt: skip
    (warning,) = [text for text in row.warnings if "ended with failure" in text]
    assert warning.endswith("at the step 'Run it' of the job 'build'. A repair was tried once")
    assert "But a workflow of the repository did not succeed" in headline(row, row.finished_at)
    assert len(service.callbacks()) == 1


@pytest.mark.parametrize("reply", ["Nothing to repair: the runner was out of order.", "No files, sorry."])
def test_a_repair_that_comes_to_nothing_leaves_the_commit_where_it_is(
    service: Service, author: FakeAuthor, reply: str
) -> None:
    service.double.fault("run_failed", "run")
    author.replies += [reply] * 4
    row = service.done(brief=BRIEF, checks=CHECKS)
    assert (row.state, row.live, row.degraded) == ("completed", False, True)
    assert steps(row).count("publish") == 1
    assert steps(row)[-3:] == ["verify", "deploy", "notify"]
    assert service.double.commits(row.owner, row.repository) == [row.commit_sha]
    assert CheckResult.objects.filter(kind="run").count() == 1


@pytest.mark.slow
def test_a_run_that_never_ends_is_told_of_in_time(service: Service, author: FakeAuthor) -> None:
    service.double.fault("never", "run")
    row = service.done(brief=BRIEF, checks=CHECKS)
    assert (row.state, row.live, row.degraded, row.late) == ("completed", False, True, False)
    assert "Not proven live in time: the run of .github/workflows/ci.yml is in_progress" in row.warnings[-1]
    place = service.double.state.get(row.owner, row.repository)
    place.runs.all[-1].outcome, place.runs.all[-1].site = "", {"index.html": service.double.files(
        row.owner, row.repository
    )["index.html"], "result.json": b"1"}  # fmt: skip
    assert service.look_on(row).live, "it is watched, and ended after all"


@pytest.mark.slow
@pytest.mark.parametrize("may_ask", [True, False])
def test_actions_that_are_switched_off_are_named(service: Service, author: FakeAuthor, may_ask: bool) -> None:
    service.double.state.actions_enabled = False
    if not may_ask:
        service.double.fault("not_found", "actions", times=None)
    row = service.done(brief=BRIEF, checks=CHECKS)
    assert (row.live, row.degraded, row.late) == (False, True, False)
    says = "Actions is switched off for this repository" if may_ask else "Actions may be switched off for the account"
    assert says in "\n".join(row.warnings)
    assert f"GitHub has begun no run of {CI}" in "\n".join([*service.told, *row.warnings])


@pytest.mark.parametrize("may_be_empty", [True, False])
def test_a_token_that_may_not_push_workflows_publishes_the_page_and_is_named(
    service: Service, author: FakeAuthor, may_be_empty: bool
) -> None:
    service.double.state.scopes, service.double.state.empty_pages = "repo", may_be_empty
    row = service.done(brief=BRIEF, checks=CHECKS)
    assert (row.state, row.live, row.degraded, row.pages_source) == ("completed", True, True, "branch")
    assert service.double.commits(row.owner, row.repository) == [row.commit_sha]
    assert CI not in service.double.files(row.owner, row.repository)
    (warning,) = [text for text in row.warnings if "without its workflow" in text]
    assert "a classic one the scope workflow" in warning
    assert verdicts(row)[CHECKS[0]] == "fail"
    assert not Breaker.objects.exists(), "other rounds go on"


def test_later_rounds_keep_the_workflow_and_one_that_removes_it_goes_back_to_the_branch(
    service: Service, author: FakeAuthor
) -> None:
    first = service.done(brief=BRIEF, checks=CHECKS)
    author.plans = [plan_reply()]
    blue = PAGE.replace(b"7", b"8")
    author.replies = [page_reply({"index.html": blue, "README.md": README})]
    second = service.done(round=2, brief="Make it blue.", checks=[])
    assert (second.live, second.pages_source) == (True, "workflow")
    assert service.double.count("builds") == 0

    author.plans = [plan_reply(absent=[CI])]
    author.replies = [page_reply({"index.html": PAGE, "README.md": README})]
    third = service.done(round=3, brief="Publish it without the workflow.", checks=[])
    assert (third.live, third.pages_source) == (True, "branch")
    assert CI not in service.double.files(third.owner, third.repository)
    shas = [third.commit_sha, second.commit_sha, first.commit_sha]
    assert service.double.commits(first.owner, first.repository) == shas
