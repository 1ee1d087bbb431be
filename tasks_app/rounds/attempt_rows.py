"""The columns and rows of an attempt, from the engine's values: the call, its files, its check results.

Texts of models and pages are untrusted. Each is redacted, so that none of our secrets is in a row.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from engine.inputs.request_fields import storable
from tasks_app.models import CheckResult, SourceFile
from tasks_app.redaction import found_in, keepable, redact, shared_secrets

if TYPE_CHECKING:
    from engine.domain.checks import CheckOutcome
    from engine.domain.model_call import Message, Reply
    from engine.domain.repository import SiteFile

#: The characters of a model's answer that are stored: more than a site may hold.
REPLY_KEPT = 6_500_000


def message_kept(message: Message) -> dict[str, object]:
    """Return a message for its row: pictures by name and hash, never their bytes."""
    columns: dict[str, object] = {"role": message.role, "content": keepable(message.content)}
    if message.images:
        columns["images"] = [
            {
                "name": keepable(image.name),
                "media_type": image.media_type,
                "bytes": len(image.content),
                "sha256": hashlib.sha256(image.content).hexdigest(),
            }
            for image in message.images
        ]
    return columns


def reply_columns(reply: Reply) -> dict[str, object]:
    """Return the columns of an answer: its text, the model that gave it, and its cost."""
    usage = reply.usage
    return {
        "reply": keepable(reply.text[:REPLY_KEPT]),
        "reasoning": keepable(reply.reasoning[:REPLY_KEPT]),
        "model_answered": keepable(reply.model)[:200],
        "request_id": keepable(reply.request_id)[:200],
        "finish_reason": keepable(reply.finish_reason)[:40],
        "parameters": dict(reply.parameters),
        "input_tokens": usage.input,
        "cached_tokens": usage.cached,
        "output_tokens": usage.output,
        "reasoning_tokens": usage.reasoning,
        "cost": usage.cost,
        "cost_source": usage.cost_source,
    }


def file_row(attempt: int, path: str, file: SiteFile) -> SourceFile:
    """Return a file's row, redacted. A gate has seen the original and blocks an attempt with a secret in it."""
    content = file.content
    if found_in(content):
        content = redact(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(content).hexdigest()
    return SourceFile(
        attempt_id=attempt, path=path, content=content, sha256=digest, size=len(content), origin=file.origin
    )


def result_row(attempt: int, position: int, result: CheckOutcome) -> CheckResult:
    """Return the row of a check's result at `position` among the attempt's results."""
    return CheckResult(
        attempt_id=attempt,
        target=result.target,
        position=position,
        kind=result.check.kind,
        text=keepable(result.check.text),
        verdict=result.verdict,
        value=storable(result.value, secrets=shared_secrets()),
        detail=keepable(result.detail)[:2000],
        predicates=[
            {"says": keepable(one.says)[:1000], "verdict": one.verdict, "seen": keepable(one.seen)[:1000]}
            for one in result.predicates
        ],
        milliseconds=result.milliseconds,
        console=[keepable(line)[:500] for line in result.console],
        screenshot=result.screenshot or None,
    )
