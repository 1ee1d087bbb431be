"""`send_task`: posts one task; if asked, follows the round, receives its callback and judges its end."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from tasks_app.rehearsal.evaluator import (
    Callback,
    Listener,
    Service,
    TaskError,
    check_counts,
    fresh_nonce,
    shortcomings,
)
from tasks_app.rehearsal.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

_LATE_CALLBACK = 5.0  # seconds that a callback may arrive after the round's status says that it was delivered


@dataclass(frozen=True, slots=True)
class Sending:
    """How to send: `wait` judges the round's end, `as_json` prints one object, `seconds` bounds the wait."""

    service: Service
    wait: bool
    as_json: bool
    seconds: float
    out: TextIO
    progress_to: TextIO
    signing_key: bytes = field(default=b"", repr=False)  # verifies callbacks; empty: they need no signature


@dataclass(slots=True)
class Sent:
    """The outcome of a task; `problems` lists what an evaluator would complain of."""

    accepted: Mapping[str, Any]
    status: Mapping[str, Any] | None = None
    callback: Callback | None = None
    problems: list[str] = field(default_factory=list)


def complete(task: Mapping[str, Any], *, secret: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the task with `changes` (None: no change), a secret, and a new nonce if it has none. Raises TaskError."""
    whole = {**task, **{name: value for name, value in changes.items() if value is not None}}
    whole["secret"] = secret or task.get("secret")
    whole["nonce"] = whole.get("nonce") or fresh_nonce()
    if not whole["secret"]:
        raise TaskError("no secret: give --secret, or set SECRET in the environment or .env")
    return whole


def send(task: Mapping[str, Any], sending: Sending) -> Sent:
    """Post a complete `task`, show its progress, and return the outcome. Raises TaskError if the service refuses it."""
    with ExitStack() as stack:
        listener = None
        if not task.get("evaluation_url"):
            listener = stack.enter_context(Listener())
            task = {**task, "evaluation_url": listener.url}
        sent = Sent(sending.service.post(task))
        _show_accepted(sent, sending)
        if listener or sending.wait:
            _follow(task, sent, listener, sending)
        if sending.as_json:
            sending.out.write(_as_json(sent) + "\n")
        return sent


def _follow(task: Mapping[str, Any], sent: Sent, listener: Listener | None, sending: Sending) -> None:
    identity = str(sent.accepted["id"])
    sent.status = Progress(lambda: sending.service.round(identity), sending.progress_to).follow(sending.seconds)
    if listener:
        sent.callback = listener.wait(task["nonce"], _LATE_CALLBACK if sent.status else 0.0)
        key = sending.signing_key
        sent.problems += sent.callback.problems(task, signing_key=key) if sent.callback else [_no_callback(sent.status)]
        if sent.callback and not sending.as_json:
            sending.out.write(
                "callback received:\n" + json.dumps(sent.callback.fields(), indent=2, ensure_ascii=False) + "\n"
            )
    if sending.wait:
        sent.problems += shortcomings(sent.status)
    if not sending.as_json:
        sending.out.write(_summary(sent.status))


def _no_callback(status: Mapping[str, Any] | None) -> str:
    errors = [
        str(attempt.get("error")) for attempt in (status or {}).get("notifications") or [] if attempt.get("error")
    ]
    return "no callback came" + (f" (the service: {errors[-1]})" if errors else "")


def _show_accepted(sent: Sent, sending: Sending) -> None:
    replay_flag = next((f" ({flag})" for flag in ("revived", "replayed") if sent.accepted.get(flag)), "")
    lines = [f"accepted{replay_flag}: {sent.accepted['id']}  {sent.accepted.get('status_url', '')}"]
    lines += [f"  warning: {warning}" for warning in sent.accepted.get("warnings") or []]
    (sending.progress_to if sending.as_json else sending.out).write("\n".join(lines) + "\n")


def _summary(status: Mapping[str, Any] | None) -> str:
    if not status:
        return ""
    flags = [flag for flag in ("live", "degraded", "late", "simulated", "needs_attention") if status.get(flag)]
    fields = {"state": " ".join([str(status.get("state")), *(f"({flag})" for flag in flags)])}
    fields |= {
        name: str(status[key])
        for name, key in (("repository", "repo_url"), ("commit", "commit_sha"), ("page", "pages_url"))
        if status.get(key)
    }
    fields["checks"] = str(check_counts(status))
    lines = [f"{name + ':':<12}{value}" for name, value in fields.items()]
    lines += [f"warning:    {warning}" for warning in status.get("warnings") or []]
    return "".join(f"{line}\n" for line in lines)


def _as_json(sent: Sent) -> str:
    return json.dumps(
        {
            "accepted": dict(sent.accepted),
            "status": sent.status,
            "callback": sent.callback.fields() if sent.callback else None,
            "problems": sent.problems,
        },
        ensure_ascii=False,
    )
