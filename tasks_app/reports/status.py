"""What may be told about a round: the contract's status object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from tasks_app.models import Attempt, CheckResult, Commit, Round
from tasks_app.queries.plans import plan_of

if TYPE_CHECKING:
    from datetime import datetime


def round_status(row: Round) -> dict[str, object]:
    """Return the status object of `GET /api/rounds/<uuid>`."""
    return {
        **round_head(row),
        "steps": _steps(row),
        "checks": [check_status(result) for result in round_results(row)],
        "plan": plan.model_dump(mode="json") if (plan := plan_of(row)) else None,
        "notifications": _notifications(row),
    }


def round_head(row: Round) -> dict[str, object]:
    """Return the part of the status object that is on the round's own row."""
    return {
        "id": str(row.pk),
        "task": row.task_name,
        "round": row.number,
        "state": row.state,
        "step": row.step,
        "created_at": iso_time(row.created_at),
        "deadline_at": iso_time(row.deadline_at),
        "finished_at": iso_time(row.finished_at),
        "repo_url": row.repo_url or None,
        "commit_sha": row.commit_sha or None,
        "pages_url": row.pages_url or None,
        "live": row.live,
        "degraded": row.degraded,
        "late": row.late,
        "simulated": row.simulated,
        "needs_attention": row.needs_attention,
        "error": {"code": row.error_code, "message": row.error_message} if row.error_code else None,
        "warnings": row.warnings,
    }


def _steps(row: Round) -> list[dict[str, object]]:
    return [
        {
            "name": s.step,
            "started_at": iso_time(s.started_at),
            "finished_at": iso_time(s.ended_at),
            "outcome": s.outcome or ("waiting" if row.state == "waiting" else row.state),
            "detail": s.detail,
        }
        for s in row.step_runs.all()
    ]


def check_status(result: CheckResult) -> dict[str, object]:
    """Return what a check came to."""
    return {"text": result.text, "kind": result.kind, "verdict": result.verdict, "detail": result.detail}


def round_results(row: Round) -> list[CheckResult]:
    """Return the results of the published attempt, or of the newest judged one until then; the live run where there was one."""
    attempt = row.chosen_attempt_id
    if attempt is None:
        attempt = (
            Attempt.objects.filter(round=row, check_results__isnull=False)
            .order_by("-pk")
            .values_list("pk", flat=True)
            .first()
        )
    results = CheckResult.objects.filter(attempt=attempt).defer("screenshot", "console", "value")
    latest = {r.position: r for r in sorted(results, key=lambda r: r.target == "live")}
    return [latest[position] for position in sorted(latest)]


def _notifications(row: Round) -> list[dict[str, object]]:
    sent = row.notifications.defer("body", "answer")
    return [
        {"attempt": n.number, "at": iso_time(n.started_at), "status_code": n.status_code, "error": n.error or None}
        for n in sent
    ]


def iso_time(moment: datetime | None) -> str | None:
    """Return a time as the API tells it."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def evidence_address(commit: Commit) -> str:
    """Return where a commit's evidence page is, "" for one that was never pushed."""
    return f"{settings.PUBLIC_URL}/evidence/{commit.token}" if commit.token else ""
