"""The REST calls about workflow runs, their jobs and logs, and deployments.

https://docs.github.com/rest/actions/workflow-runs, https://docs.github.com/rest/actions/workflow-jobs,
https://docs.github.com/rest/deployments/deployments
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.doubles.github import bodies
from tests.doubles.github.rest import REPO, opened
from tests.doubles.github.routes import Refused, route, said

if TYPE_CHECKING:
    from tests.doubles.github.routes import Asked
    from tests.doubles.github.runs import Job, Run
    from tests.doubles.github.state import Repository, State
    from tests.doubles.github.wire import Answer


@route("GET", f"{REPO}/actions/permissions", "actions", "administration")
def permissions(state: State, asked: Asked) -> Answer:
    opened(state, asked)
    body: dict[str, Any] = {"enabled": state.actions_enabled}
    return said(200, body | ({"allowed_actions": "all"} if state.actions_enabled else {}))


@route("GET", f"{REPO}/actions/runs", "runs")
def runs(state: State, asked: Asked) -> Answer:
    repo, wanted = opened(state, asked), asked.query
    found = [
        run
        for run in repo.runs.all[::-1]
        if wanted.get("head_sha") in (None, run.commit) and wanted.get("event") in (None, "push")
    ]
    return said(
        200, {"total_count": len(found), "workflow_runs": [_run(state, repo, run) for run in asked.page(found)]}
    )


@route("GET", f"{REPO}/actions/runs/{{run_id}}/jobs", "runs")
def jobs(state: State, asked: Asked) -> Answer:
    repo = opened(state, asked)
    run = next((run for run in repo.runs.all if str(run.id) == asked.values["run_id"]), None)
    if run is None:
        raise Refused(404, "Not Found")
    return said(200, {"total_count": len(run.jobs), "jobs": [_job(state, repo, run, job) for job in run.jobs]})


@route("GET", f"{REPO}/actions/jobs/{{job_id}}/logs", "logs", "actions")
def logs(state: State, asked: Asked) -> Answer:
    """Redirect to another host, where the log is for a minute."""
    run, job = _found_job(state, asked)
    answer = said(302, {}, Location=f"{state.pages}/_logs/{job.id}?sig=signed")
    answer.body = b""
    del answer.headers["Content-Type"]
    if run.status(state.clock()) != "completed":
        raise Refused(404, "Not Found")
    return answer


@route("GET", f"{REPO}/check-runs/{{check_run_id}}/annotations", "annotations")
def annotations(state: State, asked: Asked) -> Answer:
    """A job is a check run of the same number."""
    asked.values["job_id"] = asked.values["check_run_id"]
    run, job = _found_job(state, asked)
    failed = run.outcome == "failure" and job.name == run.failed[0]
    annotation = {
        "path": ".github",
        "blob_href": f"{state.api}/blob/{run.commit}/.github",
        "start_line": 7,
        "end_line": 7,
        "start_column": None,
        "end_column": None,
        "annotation_level": "failure",
        "title": "",
        "message": "Process completed with exit code 1.",
        "raw_details": "",
    }
    return said(200, [annotation] if failed else [])


def _found_job(state: State, asked: Asked) -> tuple[Run, Job]:
    found = opened(state, asked).runs.job(asked.values["job_id"])
    if found is None:
        raise Refused(404, "Not Found")
    return found


@route("GET", f"{REPO}/deployments", "deployments")
def deployments(state: State, asked: Asked) -> Answer:
    repo, wanted, now = opened(state, asked), asked.query, state.clock()
    found = [
        run
        for run in repo.runs.all[::-1]
        if any(job.deploys for job in run.jobs)
        and run.status(now) != "queued"
        and not (run.outcome and run.outcome != "never")
        and wanted.get("sha") in (None, run.commit)
        and wanted.get("environment") in (None, "github-pages")
    ]
    return said(200, [_deployment(state, repo, run) for run in asked.page(found)])


@route("GET", f"{REPO}/deployments/{{deployment_id}}/statuses", "deployments")
def statuses(state: State, asked: Asked) -> Answer:
    repo, now = opened(state, asked), state.clock()
    run = next((run for run in repo.runs.all if str(run.id) == asked.values["deployment_id"]), None)
    if run is None:
        raise Refused(404, "Not Found")
    url = f"{state.api}/repos/{repo.full_name}"
    body = {
        "id": run.id,
        "node_id": f"DS_{run.id}",
        "state": "success" if run.conclusion(now) == "success" else "in_progress",
        "creator": bodies.account(state, repo.owner),
        "description": "",
        "deployment_url": f"{url}/deployments/{run.id}",
        "target_url": "",
        "repository_url": url,
        "url": f"{url}/deployments/{run.id}/statuses/{run.id}",
        "created_at": bodies.when(run.began),
        "updated_at": bodies.when(run.finished()),
    }
    return said(200, [body])


def _deployment(state: State, repo: Repository, run: Run) -> dict[str, Any]:
    url = f"{state.api}/repos/{repo.full_name}"
    return {
        "id": run.id,
        "node_id": f"DE_{run.id}",
        "sha": run.commit,
        "ref": "main",
        "task": "deploy",
        "environment": "github-pages",
        "creator": bodies.account(state, repo.owner),
        "payload": {},
        "description": None,
        "statuses_url": f"{url}/deployments/{run.id}/statuses",
        "repository_url": url,
        "url": f"{url}/deployments/{run.id}",
        "created_at": bodies.when(run.began),
        "updated_at": bodies.when(run.finished()),
    }


def _run(state: State, repo: Repository, run: Run) -> dict[str, Any]:
    now, url = state.clock(), f"{state.api}/repos/{repo.full_name}"
    here, made = f"{url}/actions/runs/{run.id}", repo.commit(run.commit)
    who = {"name": "Engine", "email": "engine@example.com"}
    return {
        "id": run.id,
        "node_id": f"WFR_{run.id}",
        "name": run.name,
        "head_branch": "main",
        "head_sha": run.commit,
        "run_number": run.number,
        "run_attempt": 1,
        "display_title": made.message.decode(errors="replace").split("\n")[0],
        "event": "push",
        "status": run.status(now),
        "conclusion": run.conclusion(now),
        "path": run.path,
        "workflow_id": 1,
        "url": here,
        "html_url": f"{state.api}/{repo.full_name}/actions/runs/{run.id}",
        "created_at": bodies.when(run.began),
        "updated_at": bodies.when(min(now, run.finished())),
        "head_commit": {
            "id": run.commit,
            "tree_id": made.tree.decode(),
            "message": made.message.decode(errors="replace"),
            "timestamp": bodies.when(made.commit_time),
            "author": who,
            "committer": who,
        },
        "head_repository": bodies.repository(state, repo),
        "repository": bodies.repository(state, repo),
        "jobs_url": f"{here}/jobs",
        "logs_url": f"{here}/logs",
        "check_suite_url": f"{url}/check-suites/{run.id}",
        "cancel_url": f"{here}/cancel",
        "rerun_url": f"{here}/rerun",
        "artifacts_url": f"{here}/artifacts",
        "workflow_url": f"{url}/actions/workflows/1",
        "pull_requests": [],
    }


def _job(state: State, repo: Repository, run: Run, job: Job) -> dict[str, Any]:
    now, url = state.clock(), f"{state.api}/repos/{repo.full_name}"
    conclusion = _of_job(run, job, now)
    return {
        "id": job.id,
        "node_id": f"CR_{job.id}",
        "run_id": run.id,
        "run_url": f"{url}/actions/runs/{run.id}",
        "head_sha": run.commit,
        "workflow_name": run.name,
        "head_branch": "main",
        "name": job.name,
        "url": f"{url}/actions/jobs/{job.id}",
        "html_url": f"{state.api}/{repo.full_name}/actions/runs/{run.id}/job/{job.id}",
        "status": run.status(now),
        "conclusion": conclusion,
        "created_at": bodies.when(run.began),
        "started_at": bodies.when(run.began),
        "completed_at": bodies.when(run.finished()) if conclusion else None,
        "steps": [_of_step(run, job, at, now) for at in range(len(job.steps))],
        "check_run_url": f"{url}/check-runs/{job.id}",
        "labels": ["ubuntu-latest"],
        "runner_id": None,
        "runner_name": None,
        "runner_group_id": None,
        "runner_group_name": None,
    }


def _of_job(run: Run, job: Job, now: float) -> str | None:
    if run.conclusion(now) is None:
        return None
    names = [each.name for each in run.jobs]
    if run.outcome in {"failure", "cancelled"}:
        failed = names.index(run.failed[0]) if run.failed[0] in names else 0
        return "success" if names.index(job.name) < failed else run.outcome if job.name == run.failed[0] else "skipped"
    return "success"


def _of_step(run: Run, job: Job, at: int, now: float) -> dict[str, Any]:
    conclusion = _of_job(run, job, now)
    if conclusion in {"failure", "cancelled"}:
        failed = [step.name for step in job.steps].index(run.failed[1])
        conclusion = "success" if at < failed else conclusion if at == failed else "skipped"
    status = {"queued": "queued", "in_progress": "in_progress"}.get(run.status(now), "completed")
    return {"name": job.steps[at].name, "status": status, "conclusion": conclusion, "number": at + 1}
