"""A repository with a workflow: its run decides, and no death of a worker makes a second commit or repair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.domain.publication import RunState, WorkflowRun
from tasks_app.models import CheckResult, Commit, Round, StepRun
from tasks_app.rounds import transitions
from tasks_app.rounds.journal import DatabaseJournal
from tests.driving import drive, driven
from tests.engine.checks.workflow_files import CI, WORKFLOW
from tests.factories import let_go, make_round
from tests.fakes import PAGE, README, page_reply, plan_reply
from tests.tasks_app.deaths import Killed, die

if TYPE_CHECKING:
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

SUCCEEDED = WorkflowRun(
    RunState.SUCCEEDED, "the run succeeded: https://run/2", "2", "https://run/2", "success", "success"
)
FAILED = WorkflowRun(RunState.FAILED, "the run ended with failure: https://run/1", "1", "https://run/1", "failure")
PLAN = plan_reply({"path": "execute.py", "source": "write"}, {"path": CI, "source": "write"}, pages="workflow")
FILES = {"index.html": PAGE, "README.md": README, "execute.py": b"print(1)\n", CI: WORKFLOW.encode()}


def asked(outside: Outside, **over: object) -> Round:
    """Return a round whose page a workflow publishes, and let a repair of it be written."""
    outside.author.plans = [PLAN] * 9
    outside.author.replies = [page_reply(FILES), *[page_reply({"execute.py": b"print(2)\n"})] * 9]
    return make_round(**{"brief": f"Run execute.py in {CI}.", "checks": [], "attachments": []} | over)


def by_commit(outside: Outside, *states: WorkflowRun) -> None:
    """Have the run of the first commit, the second … end in these states; the last one for all others."""
    seen: list[str] = []

    def workflow_run(repository: object, sha: str, paths: object) -> WorkflowRun:
        assert tuple(paths) == (CI,)
        with outside.forge.faults.around("workflow_run"):
            if sha not in seen:
                seen.append(sha)
            return states[min(seen.index(sha), len(states) - 1)]

    outside.forge.workflow_run = workflow_run


def assert_repaired_once(outside: Outside, row: Round) -> None:
    row.refresh_from_db()
    assert (row.state, row.live, row.degraded) == ("completed", True, False), row.warnings
    (inside,) = outside.forge.repositories.values()
    assert (inside.head, inside.commits[inside.head].parent) == (row.commit_sha, None)
    assert row.attempts.filter(kind="repair").exclude(outcome="").count() == 1
    assert Commit.objects.filter(round=row, pushed_at__isnull=False, replaced_at=None).get().sha == row.commit_sha
    assert len({(body, headers["webhook-id"]) for _, body, headers in outside.notifier.sent}) == 1
    assert CheckResult.objects.filter(kind="run").count() == 2


def test_the_run_of_a_commit_is_waited_for_and_shown(outside: Outside) -> None:
    by_commit(outside, SUCCEEDED)
    row = driven(asked(outside))
    assert (row.live, row.pages_source) == (True, "workflow")
    assert outside.forge.writes == ["create", "commit", "pages workflow", "commit"]
    assert CheckResult.objects.get(kind="run").value == {"url": "https://run/2", "conclusion": "success"}


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", ["workflow_run", "head", "commit", "enable_pages"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_death_around_each_effect_of_the_forge_leaves_one_commit_and_one_repair(
    outside: Outside, method: str, when: str, nth: int
) -> None:
    by_commit(outside, FAILED, SUCCEEDED)
    real, calls = getattr(outside.forge, method), []

    def dying(*args: object) -> object:
        calls.append(method)
        if len(calls) == nth and when == "before":
            raise Killed
        result = real(*args)
        if len(calls) == nth:
            raise Killed
        return result

    setattr(outside.forge, method, dying)
    row = asked(outside)
    try:
        drive(str(row.pk))
    except Killed:
        let_go(row)
        drive(str(row.pk))
    assert_repaired_once(outside, row)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deployed_record", "generated_record", "verified_record", "published_record"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_death_around_each_transition_of_a_repair(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, name: str, when: str
) -> None:
    by_commit(outside, FAILED, SUCCEEDED)
    real, calls = getattr(transitions, name), []

    def dying(**over: object) -> None:
        calls.append(name)
        # The repair's own: the first look fails, and the second attempt is generated, verified and published.
        mine = len(calls) == (1 if name == "deployed_record" else 2)
        if mine and when == "before":
            raise Killed
        real(**over)
        if mine:
            raise Killed

    monkeypatch.setattr(transitions, name, dying)
    row = asked(outside)
    die(row)
    drive(str(row.pk))
    assert_repaired_once(outside, row)


def test_a_build_that_fails_again_is_asked_for_once_for_each_row(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker dies between the row of a request and the request: the request is not made at once again."""
    from engine.domain.repository import PagesBuild

    outside.forge.looks = [PagesBuild("errored", None, "no", "7")] * 3
    real = DatabaseJournal.rebuild_asked

    def dying(self: DatabaseJournal, **over: str) -> None:
        real(self, **over)
        raise Killed

    monkeypatch.setattr(DatabaseJournal, "rebuild_asked", dying)
    monkeypatch.setattr("engine.steps.liveness.REBUILDS", (0, 30))
    row = make_round()
    die(row)
    assert Commit.objects.get().rebuilds == 1
    monkeypatch.setattr(DatabaseJournal, "rebuild_asked", real)
    drive(str(row.pk))
    row.refresh_from_db()
    assert (row.state, Commit.objects.get().rebuilds) == ("waiting", 1)
    assert "was asked for and has not begun yet" in row.waiting_on
    assert "rebuild" not in outside.forge.writes


def test_a_commit_that_a_later_round_may_build_on_is_not_replaced(outside: Outside) -> None:
    by_commit(outside, FAILED)
    row = asked(outside)
    make_round(round=2, brief="More.", checks=[], attachments=[])
    row = driven(row)
    assert (row.degraded, row.attempts.filter(kind="repair").count()) == (True, 0)
    assert "because a later round of the task may build on this commit" in row.warnings[-1]


def test_a_dead_model_leaves_the_failed_commit_as_it_is(outside: Outside) -> None:
    by_commit(outside, FAILED)
    row = asked(outside)
    outside.author.replies[1:] = ["Nothing to repair: it is the runner's fault."]
    row = driven(row)
    assert (row.state, row.live, row.degraded) == ("completed", False, True)
    assert list(StepRun.objects.order_by("pk").values_list("step", flat=True))[-3:] == ["verify", "deploy", "notify"]
    assert Commit.objects.filter(pushed_at__isnull=False).get().replaced_at is None


def test_the_local_forge_says_that_it_runs_no_workflows(outside: Outside) -> None:
    by_commit(outside, WorkflowRun(RunState.NOT_RUN, "the local forge runs no workflows"))
    row = driven(asked(outside))
    assert (row.state, row.live, row.degraded) == ("completed", False, False)
    assert CheckResult.objects.get(kind="run").verdict == "not_run"
    assert "the local forge runs no workflows" in StepRun.objects.get(step="deploy").detail
