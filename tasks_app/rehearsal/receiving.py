"""Receives callbacks: what comes to the evaluation_url is matched with the task that was sent, and recorded."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from tasks_app.models import IssuedTask, NotifyCall, Submission
from tasks_app.redaction import keepable, keepable_json
from tasks_app.rehearsal.submissions import SecretKeyError, decrypt, without_secrets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

State = IssuedTask.Stage

LARGEST = 1_000_000  # bytes of a callback
_KEPT = 10_000  # characters of its body
_DEEPEST = 20  # levels of its JSON
ECHOED = ("email", "task", "round", "nonce")
_TOLD = ("repo_url", "commit_sha", "pages_url")

#: At most so many calls are kept: of one task, and in an hour of those that name none. More are answered alike.
CALLS_OF_A_TASK = 50
CALLS_OF_NO_TASK = 500

_ACCEPTS = (State.QUEUED, State.SENDING, State.ACCEPTED, State.GAVE_UP)


def receive(body: bytes, *, client: str, now: datetime) -> tuple[int, str]:
    """Take a callback and record the call. Returns the answer's status, and why if it is not 200.

    Raises django.db.Error.
    """
    fields, reason = _fields(body)
    if fields is None:
        _record(None, body, client=client, now=now, status=400, reason=reason)
        return 400, reason
    issued = _named(fields)
    if reason := _mismatch(fields, issued):
        _record(issued, body, client=client, now=now, status=400, reason=reason, fields=fields)
        return 400, reason
    assert issued is not None
    with transaction.atomic():
        why_not = "" if _take(issued, fields, now) else _why_not(issued, now)
        _record(issued, body, client=client, now=now, status=200, reason=why_not, fields=fields)
    return 200, ""


def _fields(body: bytes) -> tuple[dict[str, Any] | None, str]:
    if len(body) > LARGEST:
        return None, f"The body has more than {LARGEST:,} bytes."
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None, "The body is not JSON."
    return (value, "") if isinstance(value, dict) else (None, "The body is JSON, but no object.")


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _named(fields: Mapping[str, Any]) -> IssuedTask | None:
    """Return the task with this nonce; without one, the newest with this email and task, and this round if possible."""
    rows = IssuedTask.objects.select_related("submission__rehearsal")
    nonce, email, task, number = (fields.get(name) for name in ("nonce", "email", "task", "round"))
    found = rows.filter(nonce=nonce).first() if _is_text(nonce) else None
    if found or not (_is_text(email) and _is_text(task)):
        return found
    of_task = list(rows.filter(submission__email=email, task=task).order_by("-pk")[:10])
    return next((one for one in of_task if _is_same(number, one.round)), of_task[0] if of_task else None)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value == keepable(value)


def _mismatch(fields: Mapping[str, Any], issued: IssuedTask | None) -> str:
    """Return which of the four fields do not match, "" if all do. Nothing of the task itself is told."""
    if missing := [name for name in ECHOED if name not in fields]:
        return f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing."
    if issued is None or not issued.tries:
        return "No task was sent with this nonce, nor with this email and task."
    wrong = [name for name in ECHOED if not _is_same(fields[name], issued.request[name])]
    if not wrong:
        return ""
    by = "this email and task" if "nonce" in wrong else "this nonce"
    return f"{', '.join(wrong)}: not as sent with {by} (the type counts too: round is a number)."


def _is_same(given: object, sent: object) -> bool:
    return type(given) is type(sent) and given == sent


def _take(issued: IssuedTask, fields: Mapping[str, Any], now: datetime) -> bool:
    """Store the first callback, in one conditional UPDATE. A task without a 200 yet is accepted by it."""
    deadline = issued.accepted_at and issued.accepted_at + timedelta(
        seconds=issued.submission.rehearsal.deadline_seconds
    )
    secrets = _secrets([issued.submission])
    if secrets is None:  # then nothing is kept in which a secret may hide
        fields, secrets = {name: fields[name] for name in _TOLD if name in fields}, []
    kept = keepable_json({**_clean(dict(fields), secrets), **{name: issued.request[name] for name in ECHOED}})
    return (
        IssuedTask.objects.filter(pk=issued.pk, state__in=_ACCEPTS, tries__gt=0, callback__isnull=True).update(
            state=State.RECEIVED,
            callback=kept,
            callback_at=now,
            late=deadline is not None and now > deadline,
            accepted_at=Coalesce(F("accepted_at"), Value(now)),
        )
        == 1
    )


def _why_not(issued: IssuedTask, now: datetime) -> str:
    row = IssuedTask.objects.values_list("callback_at", "judged_at").get(pk=issued.pk)
    if row[0] is None:
        return "It came after the task was judged without a callback."
    return f"The first callback, {(now - row[0]).total_seconds():.1f} s earlier, is the one that counts."


def _clean(value: object, secrets: Collection[str], depth: int = 0) -> Any:
    """Return a JSON value without the secrets, also as numbers, and without what is nested deeper than _DEEPEST."""
    match value:
        case dict() | list() if depth >= _DEEPEST:
            return "(nested too deeply)"
        case dict():
            return {without_secrets(str(key), secrets): _clean(item, secrets, depth + 1) for key, item in value.items()}
        case list():
            return [_clean(item, secrets, depth + 1) for item in value]
        case None | bool():
            return value
        case _:
            text = without_secrets(str(value), secrets)
            return text if text != str(value) else value


def _secrets(submissions: Iterable[Submission]) -> list[str] | None:
    """Return the secrets of submissions; None if their key is lost."""
    try:
        return [decrypt(one.secret) for one in submissions]
    except SecretKeyError:
        return None


def _record(
    issued: IssuedTask | None,
    body: bytes,
    *,
    client: str,
    now: datetime,
    status: int,
    reason: str,
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Keep the call, unless there are too many already. What its body holds of a submission's secret is removed."""
    if issued:
        too_many = issued.calls.count() >= CALLS_OF_A_TASK
    else:
        an_hour_ago = now - timedelta(hours=1)
        too_many = NotifyCall.objects.filter(at__gte=an_hour_ago, issued=None).count() >= CALLS_OF_NO_TASK
    if too_many:
        return
    secrets = _secrets([issued.submission] if issued else Submission.objects.order_by("-pk")[:1000])
    if secrets is None:
        text = "(not kept: the key that shows which secrets must be removed from it is lost)"
    elif fields is not None:
        text = json.dumps(_clean(dict(fields), secrets), ensure_ascii=False)
    else:
        text = without_secrets(body[: 10 * _KEPT].decode("utf-8", "replace"), secrets)
    NotifyCall.objects.create(
        at=now, client=client[:64], body=keepable(text)[:_KEPT], issued=issued, status_code=status, reason=reason
    )
