"""A journal in lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.domain.brief import AttachedFile, MissingFile
    from engine.domain.http import Answer
    from engine.domain.model_call import Prompt, Reply, ReusedCall
    from engine.domain.repository import PagesBuild, Repository


@dataclass
class JournalRow:
    """A row of the fake journal: what it was begun with and, once completed, how it ended."""

    begun: dict[str, object]
    ended: dict[str, object] | None = None


class FakeJournal:
    """Keeps rows in lists in the order of events; `fence()` takes the lease away, and every later call raises
    LeaseLost."""

    def __init__(self) -> None:
        self.attempts: list[JournalRow] = []
        self.notifications: list[JournalRow] = []
        self.planned: list[tuple[str, str | None, tuple[str, ...]]] = []
        self.abandoned: list[str] = []
        self.repositories: list[Repository] = []
        self.looks: list[tuple[PagesBuild, int | None, bool, str]] = []
        self.rebuilds: list[tuple[str, str]] = []
        self.warnings: list[str] = []
        self.plan: dict[str, object] | None = None  # what `plan_made` was told first
        self.kept: list[AttachedFile] = []
        self.missed: list[MissingFile] = []
        self.refusals: list[BaseException] = []
        self.allowance: int | None = None
        self.answered: list[tuple[str, str, int | None, ReusedCall]] = []  # what an earlier claim was answered
        self.interrupted: list[tuple[str, str, int | None, ReusedCall]] = []  # what it had heard when it ended
        self.heard: list[tuple[int, str]] = []
        self.fenced = False

    def fence(self) -> None:
        self.fenced = True

    def attempt_begun(
        self, *, kind: str, prompt: Prompt, provider: str, model: str, simulated: bool, parent: int | None = None
    ) -> int:
        if self.refusals and provider:
            raise self.refusals[0]
        begun = {"kind": kind, "prompt": prompt, "provider": provider, "model": model}
        return self._begin(self.attempts, {**begun, "simulated": simulated, "parent": parent})

    def attempt_reused(self, *, kind: str, model: str, parent: int | None) -> ReusedCall | None:
        self._check()
        found = next((one for one in self.answered if one[:3] == (kind, model, parent)), None)
        if found:
            self.answered.remove(found)
        return found[3] if found else None

    def attempt_interrupted(self, *, kind: str, model: str, parent: int | None) -> ReusedCall | None:
        self._check()
        found = next((one for one in self.interrupted if one[:3] == (kind, model, parent)), None)
        if found:
            self.interrupted.remove(found)
        return found[3] if found else None

    def attempt_chunk(self, attempt: int, piece: str) -> None:
        self.heard.append((attempt, piece))

    def attempt_answered(self, attempt: int, reply: Reply, *, outcome: str) -> None:
        self._end(self.attempts, attempt, {"reply": reply, "outcome": outcome})

    def tokens_left(self) -> int | None:
        return self.allowance

    def attempt_failed(self, attempt: int, *, code: str, message: str, reply: Reply | None = None) -> None:
        self._end(self.attempts, attempt, {"code": code, "message": message, "reply": reply})

    def plan_made(
        self,
        plan: Mapping[str, object] | None,
        *,
        attempt: int | None,
        refused: Sequence[Mapping[str, str]],
        why_none: str,
    ) -> None:
        self._check()
        if self.plan is None:
            self.plan = {"plan": plan, "attempt": attempt, "refused": list(refused), "why_none": why_none}

    def commit_planned(self, *, sha: str, parent: str | None, paths: Sequence[str]) -> None:
        self._check()
        self.planned.append((sha, parent, tuple(paths)))

    def commit_abandoned(self, *, sha: str) -> None:
        self._check()
        self.abandoned.append(sha)

    def repository_made(self, repository: Repository) -> None:
        self._check()
        self.repositories.append(repository)

    def pages_seen(self, *, build: PagesBuild, http_status: int | None, live: bool, reason: str) -> None:
        self._check()
        self.looks.append((build, http_status, live, reason))

    def rebuild_asked(self, *, sha: str, after: str) -> None:
        self._check()
        self.rebuilds.append((sha, after))

    def rebuild_put_off(self, *, sha: str) -> None:
        self._check()
        self.rebuilds = [asked for asked in self.rebuilds if asked[0] != sha]

    def notification_begun(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        return self._begin(self.notifications, {"url": url, "body": body, "headers": dict(headers)})

    def notification_ended(self, notification: int, *, answer: Answer | None, error: str) -> None:
        self._end(self.notifications, notification, {"answer": answer, "error": error})

    def file_kept(self, file: AttachedFile) -> None:
        self._check()
        self.kept.append(file)

    def file_missed(self, missing: MissingFile) -> None:
        self._check()
        self.missed.append(missing)

    def warn(self, text: str) -> None:
        self._check()
        if text not in self.warnings:
            self.warnings.append(text)

    def _begin(self, rows: list[JournalRow], begun: dict[str, object]) -> int:
        self._check()
        rows.append(JournalRow(begun))
        return len(rows)

    def _end(self, rows: list[JournalRow], number: int, ended: dict[str, object]) -> None:
        self._check()
        rows[number - 1].ended = ended

    def _check(self) -> None:
        if self.fenced:
            raise LeaseLost
