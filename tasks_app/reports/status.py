"""A round as JSON: the contract's status object, and the operators' longer one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tasks_app.operations.takedowns import takedown_sentence
from tasks_app.reports.round_report import evidence_address

if TYPE_CHECKING:
    from tasks_app.models import Attempt, Round
    from tasks_app.reports.round_report import RoundLine, RoundReport


def round_status(report: RoundReport) -> dict[str, object]:
    """Return the status object of `GET /api/rounds/<uuid>`."""
    row, plan = report.row, report.plan
    return {
        **_head(row),
        "steps": [
            {
                "name": s.step,
                "started_at": _iso(s.started_at),
                "finished_at": _iso(s.ended_at),
                "outcome": s.outcome or ("waiting" if row.state == "waiting" else row.state),
                "detail": s.detail,
            }
            for s in report.steps
        ],
        "checks": [_fields(line.latest, "text", "kind", "verdict", "detail") for line in report.checks.lines],
        "plan": plan.model_dump(mode="json") if plan else None,
        "taken_down": takedown_sentence(report.takedown, public=True) if report.takedown else None,
        "notifications": [
            {"attempt": n.number, "at": _iso(n.started_at), "status_code": n.status_code, "error": n.error or None}
            for n in report.callbacks
        ],
    }


def line_data(line: RoundLine) -> dict[str, object]:
    return _head(line.row) | {"email": line.row.email, "nonce": line.row.nonce, "checks": line.counts.data()}


def report_data(report: RoundReport) -> dict[str, object]:
    """Return the status object with the operators' additions, without prompts, replies, files or bodies."""
    checked = [line.latest for line in report.checks.lines]
    return round_status(report) | {
        **_fields(report.row, "email", "nonce", "run", "evaluation_url"),
        "headline": report.headline,
        "counts": report.counts.data(),
        "attempts": [_attempt(one) for one in report.attempts],
        "checks": [_fields(one, "text", "kind", "verdict", "detail", "predicates") for one in checked],
        "plan_record": _plan(report),
        "commits": [
            _fields(one, "sha", "run", "files", "planned_at", "pushed_at", "abandoned_at", "replaced_at", "rebuilds")
            | {"evidence_url": evidence_address(one) or None}
            for one in report.commits
        ],
        "looks": [_fields(one, "at", "live", "build_status", "reason") for one in report.looks],
        "events": [_fields(one, "at", "who", "what", "text") for one in report.events],
    }


def _head(row: Round) -> dict[str, object]:
    """Return the part of the status object that comes from the round's own row."""
    return {
        "id": str(row.pk),
        "task": row.task_name,
        "round": row.number,
        **_fields(row, "state", "step", "created_at", "deadline_at", "finished_at"),
        **{name: getattr(row, name) or None for name in ("repo_url", "commit_sha", "pages_url")},
        **_fields(row, "live", "degraded", "late", "simulated", "needs_attention"),
        "error": _error(row),
        "warnings": row.warnings,
    }


def _attempt(attempt: Attempt) -> dict[str, object]:
    return {
        "id": attempt.pk,
        **_fields(attempt, "run", "kind", "provider", "simulated"),
        "model": attempt.model_answered or attempt.model_asked,
        **_fields(attempt, "started_at", "seconds", "outcome", "finish_reason", "input_tokens", "output_tokens"),
        "cost": str(attempt.cost) if attempt.cost is not None else None,
        "error": _error(attempt),
    }


def _plan(report: RoundReport) -> dict[str, object] | None:
    """Return the plan's author, refused parts and text. The plan itself is in the status object."""
    plan_row, text = report.plans.get(report.run), report.plan_text
    if plan_row is None or text is None:
        return None
    return {
        **_fields(plan_row, "run", "source", "made_at", "refused"),
        "edited_by": plan_row.edited_by or None,
        "attempt": plan_row.attempt_id,
        "why_none": plan_row.why_none or None,
        "in_words": [
            {"heading": section.heading, "entries": [{"says": one.says, "rules": one.rules} for one in section.entries]}
            for section in text.sections
        ],
    }


def _error(of: Round | Attempt) -> dict[str, str] | None:
    return {"code": of.error_code, "message": of.error_message} if of.error_code else None


def _fields(of: object, *names: str) -> dict[str, object]:
    """Return fields of a row by name, times in the API's format."""
    values = {name: getattr(of, name) for name in names}
    return {name: _iso(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
