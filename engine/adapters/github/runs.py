"""Reads the runs of a commit's workflows, their jobs and logs, and deployments to Pages.

https://docs.github.com/en/rest/actions/workflow-runs, https://docs.github.com/en/rest/actions/workflow-jobs,
https://docs.github.com/en/rest/deployments/deployments. GitHub shows all of this of a public repository to any token;
a fine-grained one may still need `Actions: read` for logs (https://github.com/fullsend-ai/fullsend/issues/834).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from engine.adapters.github.errors import quoted
from engine.domain.publication import RunFailure, RunState, WorkflowRun
from engine.errors import EngineError, LeaseLost, OutOfService, RateLimited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.adapters.github.rest import GitHubRest
    from engine.domain.repository import Repository

#: Conclusions of a run that went well. Others, such as failure, cancelled or action_required, did not.
_WELL = frozenset({"success", "neutral", "skipped"})
_ENVIRONMENT = "github-pages"
#: The most messages of a job that are returned.
_MOST_MESSAGES = 20
#: Answers that are cached with their ETags.
_REMEMBERED = 500


class GitHubRuns:
    """The runs of workflows through `rest`."""

    def __init__(self, rest: GitHubRest) -> None:
        self._rest = rest
        self._lists: OrderedDict[tuple[str, str], tuple[str, Any]] = OrderedDict()

    def look(self, repository: Repository, sha: str, paths: Sequence[str]) -> WorkflowRun:
        """Return the state of the runs of `paths` for a commit. Raises Transient, OutOfService for limits and 401."""
        try:
            data = self._listed(_path(repository), sha)
        except OutOfService as refused:
            if refused.code != "forge_permission_missing":
                raise
            return WorkflowRun(RunState.UNREADABLE, refused.message)
        if isinstance(data, str):
            return WorkflowRun(RunState.UNREADABLE, data)
        newest: dict[str, Mapping[str, Any]] = {}
        for run in data:  # the newest first: a workflow that ran again counts by its newest run
            newest.setdefault(str(run.get("path") or "").partition("@")[0], run)
        return self._combined(repository, sha, [path for path in paths if path not in newest], list(newest.values()))

    def failure(self, repository: Repository, run: WorkflowRun) -> RunFailure:
        """Return where a run failed. It never raises for what GitHub refuses; the reason is in `lacks`.

        Raises LeaseLost alone.
        """
        try:
            answer = self._rest.get(
                f"{_path(repository)}/actions/runs/{run.id}/jobs", query={"per_page": "50"}, doing="runs"
            )
        except LeaseLost:
            raise
        except EngineError as error:
            return RunFailure(lacks=error.message)
        jobs = answer.data.get("jobs") if answer.status == 200 and isinstance(answer.data, dict) else None
        job = next((job for job in jobs or () if job.get("conclusion") not in {*_WELL, None}), None)
        if job is None:
            return RunFailure(lacks="GitHub names no job that failed: the workflow file itself may be invalid")
        steps = job.get("steps") or ()
        step = next((str(step["name"]) for step in steps if step.get("conclusion") not in {*_WELL, None}), "")
        number = str(job.get("id"))
        log_url, lacks = self._log_url(repository, number)
        messages = () if log_url else tuple(self._annotations(repository, number))
        return RunFailure(str(job.get("name") or ""), step, messages, log_url, lacks)

    def _combined(
        self, repository: Repository, sha: str, missing: Sequence[str], runs: Sequence[Mapping[str, Any]]
    ) -> WorkflowRun:
        failed = next((run for run in runs if _ended(run) and run.get("conclusion") not in _WELL), None)
        if failed:
            conclusion = str(failed.get("conclusion"))
            detail = f"the run of {_name(failed)} ended with {conclusion}: {_url(failed)}"
            return WorkflowRun(RunState.FAILED, detail, str(failed.get("id")), _url(failed), conclusion)
        if running := next((run for run in runs if not _ended(run)), None):
            detail = f"the run of {_name(running)} is {running.get('status')}: {_url(running)}"
            return WorkflowRun(RunState.RUNNING, detail, str(running.get("id")), _url(running))
        if missing or not runs:
            is_off = self._is_off(repository)
            why = "Actions is switched off for this repository or its account" if is_off else ""
            detail = f"GitHub has begun no run of {', '.join(missing)}{f': {why}' if why else ''}"
            return WorkflowRun(RunState.NONE, detail, is_off=is_off)
        run = runs[0]
        detail = f"the run of {_name(run)} succeeded: {_url(run)}"
        conclusion = str(run.get("conclusion"))
        deployment = self._deployment(_path(repository), sha)
        return WorkflowRun(RunState.SUCCEEDED, detail, str(run.get("id")), _url(run), conclusion, deployment)

    def _listed(self, path: str, sha: str) -> Any:
        """Return the runs that the push of a commit began, the newest first, or a sentence on why they are not shown.

        GitHub's own run for Pages by a branch has another event than push.
        """
        etag, before = self._lists.get((path, sha), ("", None))
        query = {"head_sha": sha, "event": "push", "per_page": "50"}
        answer = self._rest.get(f"{path}/actions/runs", query=query, etag=etag, doing="runs")
        if answer.status == 304:
            return before
        if answer.status != 200 or not isinstance(answer.data, dict):
            return f"GitHub shows no workflow runs: {answer.status}{quoted(answer.message)}"
        data = [run for run in answer.data.get("workflow_runs") or () if isinstance(run, dict)]
        if tag := answer.headers.get("etag", ""):
            self._lists[path, sha] = (tag, data)
            self._lists.move_to_end((path, sha))
        while len(self._lists) > _REMEMBERED:
            self._lists.popitem(last=False)
        return data

    def _is_off(self, repository: Repository) -> bool:
        """Say whether GitHub tells that Actions is switched off. A token that may not read that gets False."""
        try:
            answer = self._rest.get(f"{_path(repository)}/actions/permissions", doing="runs")
        except RateLimited:
            raise
        except OutOfService as refused:
            if refused.code != "forge_permission_missing":
                raise
            return False
        return answer.status == 200 and isinstance(answer.data, dict) and answer.data.get("enabled") is False

    def _deployment(self, path: str, sha: str) -> str:
        """Return the state of the newest deployment of a commit to Pages, "" for none or an answer without it."""
        answer = self._rest.get(f"{path}/deployments", query={"sha": sha, "environment": _ENVIRONMENT}, doing="read")
        rows = answer.data if answer.status == 200 and isinstance(answer.data, list) else []
        if not rows:
            return ""
        newest = self._rest.get(
            f"{path}/deployments/{rows[0].get('id')}/statuses", query={"per_page": "1"}, doing="read"
        )
        states = newest.data if newest.status == 200 and isinstance(newest.data, list) else []
        return str(states[0].get("state")) if states else "created"

    def _log_url(self, repository: Repository, job: str) -> tuple[str, str]:
        """Return where a job's log is for a minute, or "" and why there is no address."""
        try:
            answer = self._rest.get(f"{_path(repository)}/actions/jobs/{job}/logs", doing="logs")
        except LeaseLost:
            raise
        except EngineError as error:
            return "", error.message
        if location := answer.headers.get("location", "") if answer.status == 302 else "":
            return location, ""
        return "", f"GitHub shows no log: {answer.status}{quoted(answer.message)}"

    def _annotations(self, repository: Repository, job: str) -> list[str]:
        """Return the messages that GitHub shows at a job. A job is a check run of the same number."""
        try:
            answer = self._rest.get(f"{_path(repository)}/check-runs/{job}/annotations", doing="runs")
        except LeaseLost:
            raise
        except EngineError:
            return []
        rows = answer.data if answer.status == 200 and isinstance(answer.data, list) else []
        return [" ".join(str(row.get("message") or "").split()) for row in rows if isinstance(row, dict)][
            :_MOST_MESSAGES
        ]


def _path(repository: Repository) -> str:
    return f"/repos/{repository.owner}/{repository.name}"


def _ended(run: Mapping[str, Any]) -> bool:
    return run.get("status") == "completed"


def _name(run: Mapping[str, Any]) -> str:
    return str(run.get("path") or run.get("name") or "the workflow").partition("@")[0]


def _url(run: Mapping[str, Any]) -> str:
    return str(run.get("html_url") or "")
