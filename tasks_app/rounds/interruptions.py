"""Ends the records of calls and callbacks whose process died, so that none of them stays "under way" for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F

from engine.prompts.token_estimate import estimated_tokens
from tasks_app.models import Attempt, NotificationAttempt

if TYPE_CHECKING:
    from uuid import UUID

#: The error code of an interrupted call. Its `seconds` stay unknown; its reply holds the part that was stored.
INTERRUPTED = "interrupted"

DIED = "The worker that asked ended, or failed, before an answer was there."
CANCELLED = "The round was cancelled before an answer was there."


def interruptions_record(*, round_id: UUID, why: str = DIED) -> None:
    """End a round's open calls and callbacks. Call it in a transaction that locks an undriven round."""
    for call in Attempt.objects.filter(round=round_id, seconds=None, error_code="").only("reply", "counted_tokens"):
        written = estimated_tokens(call.reply) if call.counted_tokens else 0
        Attempt.objects.filter(pk=call.pk).update(
            error_code=INTERRUPTED, error_message=why, counted_tokens=F("counted_tokens") + written
        )
    NotificationAttempt.objects.filter(round=round_id, seconds=None, error="").update(error=why)
