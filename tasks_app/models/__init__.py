"""The rows. Django looks for them here."""

from __future__ import annotations

from tasks_app.models.evidence import (
    Attempt,
    CheckResult,
    Commit,
    NotificationAttempt,
    PagesStatus,
    SourceFile,
    StepRun,
)
from tasks_app.models.operations import Breaker, Event, ForgeQuota, ForgeWrite, Rejection, WorkerBeat
from tasks_app.models.rounds import Attachment, Round, Task

__all__ = [
    "Attachment",
    "Attempt",
    "Breaker",
    "CheckResult",
    "Commit",
    "Event",
    "ForgeQuota",
    "ForgeWrite",
    "NotificationAttempt",
    "PagesStatus",
    "Rejection",
    "Round",
    "SourceFile",
    "StepRun",
    "Task",
    "WorkerBeat",
]
