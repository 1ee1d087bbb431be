"""What judging starts from, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from tasks_app.rehearsal.criteria import Criterion


@dataclass(frozen=True, slots=True)
class NotifyRecord:
    """A POST to our evaluation_url that names this task. `reason` says why it does not count; "": it is the one."""

    at: datetime
    status_code: int
    reason: str


@dataclass(frozen=True, slots=True)
class TaskToJudge:
    """One round of one task, from the first POST to its callback. Only `calls` reads rows later."""

    request: Mapping[str, Any]  # email, task, round, nonce, brief, checks, attachments, evaluation_url; no secret
    criteria: Sequence[Criterion]
    endpoint: str
    secret: str = field(repr=False)  # of the submission: it must stand in no commit
    tries: int
    status_code: int | None  # of the newest answer to the POST
    error: str  # why it was not accepted, or why no callback counts
    sent_at: datetime | None
    accepted_at: datetime | None
    deadline_at: datetime | None  # of the callback
    callback: Mapping[str, Any] | None
    callback_at: datetime | None
    late: bool
    calls: Callable[[], Sequence[NotifyRecord]]  # those that have come when it is called
    earlier_commits: Sequence[str]  # the commit_sha of each earlier round of the task that was called back, in order

    @property
    def round(self) -> int:
        return int(self.request["round"])


#: From this grade on what a model judged holds (kind "text"). Every other check holds with a score of 1.
LEAST_GRADE = 0.7


def is_failing(kind: str, score: float | None) -> bool:
    """Say whether a decided check does not hold."""
    return score is not None and score < (LEAST_GRADE if kind == "text" else 1)


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one check. `score` is from 0 to 1; None: not decided, and `reason` says why."""

    kind: str  # request, callback, repository, licence, readme, history, file, page, html, text
    check: str
    score: float | None
    reason: str = ""
    log: str = ""
    screenshot: bytes = b""
