"""The step notify: send the callback, always with the same bytes and `webhook-id`, until a 2xx response."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.domain.backoff import notify_delay
from engine.domain.http import retry_after
from engine.errors import EngineError, LeaseLost, Permanent
from engine.steps.contracts import Delivered, Wait

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.domain.http import Answer
    from engine.ports import Ports
    from engine.steps.contracts import NotifyInput

#: After this many responses 4xx in a row an operator should look, and whenever the next attempt is past the deadline.
#: The attempts continue.
REFUSALS = 3


def callback_body(request: Mapping[str, object], *, repo_url: str, commit_sha: str, pages_url: str) -> bytes:
    """Return the callback's body: the request's email, task, round and nonce, and the publication's addresses."""
    content = {name: request[name] for name in ("email", "task", "round", "nonce")}
    content |= {"repo_url": repo_url, "commit_sha": commit_sha, "pages_url": pages_url}
    return json.dumps(content, ensure_ascii=False).encode()


def signature_headers(webhook_id: str, body: bytes, *, key: bytes, at: datetime) -> dict[str, str]:
    """Return the headers that sign an attempt made `at` a time. A repeated callback gets a new timestamp and signature.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    timestamp = str(int(at.timestamp()))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {"webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}


def notify(task: NotifyInput, ports: Ports) -> Delivered | Wait:
    """Send the callback once. Raises Permanent(callback_undelivered) after the end of the time for attempts."""
    started = ports.clock.now()
    headers = {"Content-Type": "application/json", "webhook-id": task.webhook_id}
    if task.signing_key:
        headers |= signature_headers(task.webhook_id, task.body, key=task.signing_key, at=started)
    row = ports.journal.notification_begun(url=task.url, body=task.body, headers=headers)
    answer, error = None, ""
    try:
        answer = ports.notifier.send(task.url, task.body, headers)
    except LeaseLost:
        raise
    except EngineError as problem:
        error = problem.message
    ports.journal.notification_ended(row, answer=answer, error=error)
    result = _result(answer) if answer else error
    if answer and 200 <= answer.status < 300:
        return Delivered(f"{result} at attempt {len(task.statuses) + 1}")
    return _retry(task, ports, answer, result, started)


def _retry(task: NotifyInput, ports: Ports, answer: Answer | None, result: str, started: datetime) -> Wait:
    now, attempts = ports.clock.now(), len(task.statuses) + 1
    ends = (task.first_at or started) + timedelta(seconds=task.notify_for)
    if now >= ends:
        raise Permanent(
            "callback_undelivered", f"The evaluator could not be told in {attempts} attempts; the last one: {result}"
        )
    named_seconds = retry_after(answer.headers, now) if answer else None
    until = min(now + timedelta(seconds=notify_delay(attempts, named_seconds)), ends)
    last = (*task.statuses, answer.status if answer else None)[-REFUSALS:]
    refused = len(last) == REFUSALS and all(status is not None and 400 <= status < 500 for status in last)
    reason = f"the evaluator: attempt {attempts} gave {result}"
    return Wait(until, reason, needs_attention=refused or until > task.deadline)


def _result(answer: Answer) -> str:
    """Return a response in words; of a redirect also where it leads, because only 307 and 308 are followed."""
    to = answer.headers.get("location", "")
    if 300 <= answer.status < 400 and to:
        return f"HTTP {answer.status} to {to[:300]}; a POST follows only 307 and 308"
    return f"HTTP {answer.status}"
