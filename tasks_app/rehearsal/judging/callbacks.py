"""Checks of the request's answer and of the callback."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tasks_app.rehearsal.judging.observed import NotLookedAt, Observed, holds

if TYPE_CHECKING:
    from tasks_app.rehearsal.judging.contracts import NotifyRecord
    from tasks_app.rehearsal.judging.evidence import TaskEvidence

FIELDS = ("email", "task", "round", "nonce", "repo_url", "commit_sha", "pages_url")
_FULL_SHA = re.compile(r"[0-9a-f]{40}", re.IGNORECASE)


def request_accepted(evidence: TaskEvidence) -> Observed:
    task = evidence.task
    tries = f"{task.tries} tries" if task.tries != 1 else "1 try"
    log = f"{tries}, sent at {task.sent_at}, accepted at {task.accepted_at}"
    if task.status_code == 200 and task.accepted_at:
        return Observed(1.0, f"200 after {tries}", log)
    if task.status_code is None and task.callback is not None and not task.error:
        reason = "the evaluator was stopped during the POST; the callback shows that the task was taken"
        raise NotLookedAt(None, reason, log)
    if task.status_code is None:
        return Observed(0.0, f"no answer came in {tries}: {task.error or 'no reason is known'}", log)
    why = f": {task.error}" if task.error else ""
    only = ", and only 200 counts" if task.status_code // 100 == 2 else ""
    return Observed(0.0, f"the endpoint answered {task.status_code}{only}{why}", log)


def callback_in_time(evidence: TaskEvidence) -> Observed:
    task, calls = evidence.task, evidence.task.calls()
    log = "\n".join(map(_line, calls))
    if task.callback is None:
        refused = [call for call in calls if call.reason]
        why = f"; {len(refused)} came that do not count: {refused[0].reason}" if refused else ""
        return Observed(0.0, f"no callback came that matches{why}", log)
    if task.late:
        by = "by an unknown time"
        if task.callback_at and task.deadline_at:
            by = f"{(task.callback_at - task.deadline_at).total_seconds():.0f} seconds after the deadline"
        return Observed(0.0, f"the callback came late, {by}", log)
    at = f" at {task.callback_at:%Y-%m-%d %H:%M:%S} UTC" if task.callback_at else ""
    spare = ""
    if task.callback_at and task.deadline_at:
        spare = f", {(task.deadline_at - task.callback_at).total_seconds():.0f} seconds before the deadline"
    return Observed(1.0, f"it came{at}{spare}", log)


def callback_once(evidence: TaskEvidence) -> Observed:
    task, calls = evidence.task, evidence.task.calls()
    log = "\n".join(map(_line, calls))
    if task.callback is None:
        raise NotLookedAt(0.0, "no callback came that matches", log)
    # What we answered with 5xx had to be sent again.
    others = [call for call in calls if call.reason and call.status_code < 500]
    said = [f"another callback at {call.at:%H:%M:%S}, answered {call.status_code}: {call.reason}" for call in others]
    return holds(said, "one callback came", log)


def callback_fields(evidence: TaskEvidence) -> Observed:
    callback = evidence.task.callback
    if callback is None:
        raise NotLookedAt(0.0, "no callback came that matches")
    problems = [f"{name} is missing" for name in FIELDS if name not in callback]
    problems += [f"{str(name)[:60]!r} is no field of the contract" for name in callback if name not in FIELDS]
    sha = callback.get("commit_sha")
    if "commit_sha" in callback and not (isinstance(sha, str) and _FULL_SHA.fullmatch(sha)):
        problems.append(f"commit_sha is no full SHA: {str(sha)[:80]!r}")
    for name in ("repo_url", "pages_url"):
        if name in callback and not _is_web_address(callback[name]):
            problems.append(f"{name} is no http(s) address: {str(callback[name])[:80]!r}")
    log = "\n".join(f"{str(name)[:60]}: {str(value)[:300]}" for name, value in callback.items())
    return holds(problems, "it has the seven fields", log)


def _is_web_address(value: object) -> bool:
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _line(call: NotifyRecord) -> str:
    return f"{call.at:%Y-%m-%d %H:%M:%S} {call.status_code} {call.reason or 'the one that counts'}"
