"""What is stored of an attempt, made out of the engine's values: the columns of the call, the rows of its files and of its results.

What a model or a page said is a stranger's text, and no secret of ours goes into any of it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.conf import settings

from engine.inputs.request_fields import storable
from tasks_app.models import CheckResult, SourceFile
from tasks_app.redaction import found_in, keepable, redact

if TYPE_CHECKING:
    from engine.domain.checks import CheckOutcome
    from engine.domain.model_call import Message, Reply
    from engine.domain.repository import SiteFile

#: How much of a model's answer is kept, in characters: more than a site may hold.
REPLY_KEPT = 6_500_000


def message_kept(message: Message) -> dict[str, object]:
    """Return a message as its row holds it: pictures by name and hash, never their bytes."""
    kept: dict[str, object] = {"role": message.role, "content": keepable(message.content)}
    if message.images:
        kept["images"] = [
            {
                "name": keepable(image.name),
                "media_type": image.media_type,
                "bytes": len(image.content),
                "sha256": hashlib.sha256(image.content).hexdigest(),
            }
            for image in message.images
        ]
    return kept


def reply_columns(reply: Reply) -> dict[str, object]:
    """Return the columns of an attempt that say what was answered, by which model, and what it took."""
    usage = reply.usage
    return {
        "reply": keepable(reply.text[:REPLY_KEPT]),
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
    """Return a file's row. A secret of ours is taken out of it: a gate has seen it, and keeps the attempt from being published."""
    content = file.content
    if found_in(content):
        content = redact(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(content).hexdigest()
    return SourceFile(
        attempt_id=attempt, path=path, content=content, sha256=digest, size=len(content), origin=file.origin
    )


def result_row(attempt: int, position: int, result: CheckOutcome) -> CheckResult:
    """Return the row of a check's result, `position` its place among the attempt's."""
    return CheckResult(
        attempt_id=attempt,
        target=result.target,
        position=position,
        kind=result.check.kind,
        text=keepable(result.check.text),
        verdict=result.verdict,
        value=storable(result.value, secret=settings.SECRET),
        detail=keepable(result.detail)[:2000],
        predicates=[
            {"says": keepable(one.says)[:1000], "verdict": one.verdict, "seen": keepable(one.seen)[:1000]}
            for one in result.predicates
        ],
        milliseconds=result.milliseconds,
        console=[keepable(line)[:500] for line in result.console],
        screenshot=result.screenshot or None,
    )
