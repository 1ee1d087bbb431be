"""The rows. Django looks for them here."""

from __future__ import annotations

from tasks_app.models.evidence import (
    Attempt,
    CheckResult,
    Commit,
    NotificationAttempt,
    PagesStatus,
    Plan,
    PlanSource,
    SourceFile,
    StepRun,
)
from tasks_app.models.operations import (
    Alert,
    Breaker,
    Event,
    ForgeQuota,
    ForgeWrite,
    ModelProfile,
    Rejection,
    Takedown,
    WorkerBeat,
)
from tasks_app.models.rehearsals import IssuedTask, NotifyCall, Rehearsal, RehearsalResult, Submission
from tasks_app.models.rounds import MISSING, Attachment, Round, Task

__all__ = [
    "MISSING",
    "Alert",
    "Attachment",
    "Attempt",
    "Breaker",
    "CheckResult",
    "Commit",
    "Event",
    "ForgeQuota",
    "ForgeWrite",
    "IssuedTask",
    "ModelProfile",
    "NotificationAttempt",
    "NotifyCall",
    "PagesStatus",
    "Plan",
    "PlanSource",
    "Rehearsal",
    "RehearsalResult",
    "Rejection",
    "Round",
    "SourceFile",
    "StepRun",
    "Submission",
    "Takedown",
    "Task",
    "WorkerBeat",
]
