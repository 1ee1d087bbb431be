"""The engine's Journal as rows: written before an outside effect, completed after it, fenced by the lease."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Max

from tasks_app.models import Commit, NotificationAttempt, PagesStatus, Plan, PlanSource, Round
from tasks_app.operations import clock
from tasks_app.redaction import keepable, keepable_json
from tasks_app.rounds.attachment_rows import attachment_keep, attachment_miss
from tasks_app.rounds.call_rows import CallRows
from tasks_app.rounds.locked_round import since

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from engine.domain.brief import AttachedFile, MissingFile
    from engine.domain.http import Answer
    from engine.domain.repository import PagesBuild, Repository
    from tasks_app.rounds.leases import Lease

#: The characters of an evaluator's answer that are stored.
ANSWER_KEPT = 16_384


class DatabaseJournal(CallRows):
    """An `engine.ports.Journal` for one claim of one round. `call_begins` is called before each model call."""

    def __init__(self, lease: Lease, run: int, call_begins: Callable[[], None] = lambda: None) -> None:
        own_round = Round.objects.filter(pk=lease.round_id, lease_token=lease.token)
        super().__init__(lease.round_id, run, own_round, call_begins)

    def plan_made(
        self,
        plan: Mapping[str, object] | None,
        *,
        attempt: int | None,
        refused: Sequence[Mapping[str, str]],
        why_none: str,
    ) -> None:
        """Store the run's plan, or why there is none. A plan that the run already has does not change."""
        defaults = {
            "plan": keepable_json(plan),
            "attempt_id": attempt,
            "refused": keepable_json([dict(one) for one in refused]),
            "why_none": keepable(why_none),
            "source": PlanSource.MODEL,
            "made_at": clock.now(),
        }
        with self._fenced():
            Plan.objects.get_or_create(round_id=self._round_id, run=self._run, defaults=defaults)

    def commit_planned(self, *, sha: str, parent: str | None, paths: Sequence[str]) -> None:
        """Store the commit that will become the head. If it is stored already, it counts as planned again."""
        planned = {"run": self._run, "parent": parent or "", "files": list(paths), "planned_at": clock.now()}
        with self._fenced():
            Commit.objects.update_or_create(
                round_id=self._round_id,
                sha=sha,
                defaults={"abandoned_at": None, "replaced_at": None},
                create_defaults=planned,
            )

    def commit_abandoned(self, *, sha: str) -> None:
        """Mark a planned commit that will not be pushed."""
        with self._fenced():
            Commit.objects.filter(round_id=self._round_id, sha=sha).update(abandoned_at=clock.now())

    def repository_made(self, repository: Repository) -> None:
        with self._fenced():
            Round.objects.filter(pk=self._round_id).update(
                owner=repository.owner,
                repository=repository.name,
                repo_url=repository.url,
                pages_url=repository.pages_url,
                pages_source=repository.pages_source,
            )

    def pages_seen(self, *, build: PagesBuild, http_status: int | None, live: bool, reason: str) -> None:
        with self._fenced():
            PagesStatus.objects.create(
                round_id=self._round_id,
                run=self._run,
                at=clock.now(),
                build_status=build.status[:40],
                built_commit=build.commit or "",
                http_status=http_status,
                live=live,
                reason=keepable(reason),
            )

    def rebuild_asked(self, *, sha: str, after: str) -> None:
        """Count a request for another build, and mark the commit as waiting for it."""
        self._rebuild(sha, rebuilds=F("rebuilds") + 1, rebuild_asked_at=clock.now(), rebuild_after=after[:40])

    def rebuild_put_off(self, *, sha: str) -> None:
        """Take back the mark of `rebuild_asked`."""
        self._rebuild(sha, rebuilds=F("rebuilds") - 1, rebuild_asked_at=None, rebuild_after="")

    def _rebuild(self, sha: str, **changes: object) -> None:
        with self._fenced():
            Commit.objects.filter(round_id=self._round_id, sha=sha).update(**changes)

    def notification_begun(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Write the row of a callback before the callback is sent."""
        with self._fenced():
            of_run = NotificationAttempt.objects.filter(round_id=self._round_id, run=self._run)
            number = (of_run.aggregate(last=Max("number"))["last"] or 0) + 1
            return NotificationAttempt.objects.create(
                round_id=self._round_id,
                run=self._run,
                number=number,
                url=url,
                body=body,
                headers=dict(headers),
                started_at=clock.now(),
            ).pk

    def notification_ended(self, notification: int, *, answer: Answer | None, error: str) -> None:
        """Complete the row with the evaluator's answer, or an error."""
        with self._fenced():
            row = NotificationAttempt.objects.only("started_at").get(pk=notification)
            NotificationAttempt.objects.filter(pk=notification).update(
                seconds=since(row.started_at),
                status_code=answer.status if answer else None,
                answer_headers={k[:100]: keepable(v)[:1000] for k, v in answer.headers.items()} if answer else {},
                answer=keepable(answer.body.decode("utf-8", "replace"))[:ANSWER_KEPT] if answer else "",
                error=keepable(error),
            )

    def file_kept(self, file: AttachedFile) -> None:
        """Store a file that was fetched or made, or a detail about an attached file."""
        with self._fenced():
            attachment_keep(round_id=self._round_id, file=file)

    def file_missed(self, missing: MissingFile) -> None:
        """Store why a file is missing, unless it is there."""
        with self._fenced():
            attachment_miss(round_id=self._round_id, missing=missing)

    def warn(self, text: str) -> None:
        """Add a warning to the round unless the round has it already."""
        with self._fenced():
            row = Round.objects.only("warnings").get(pk=self._round_id)
            if (warning := keepable(text)) not in row.warnings:
                Round.objects.filter(pk=row.pk).update(warnings=[*row.warnings, warning])


class LivenessJournal(DatabaseJournal):
    """The journal of a look at a page after the callback, fenced by the watch's token."""

    def __init__(self, round_id: UUID, run: int, token: UUID) -> None:
        own_round = Round.objects.filter(pk=round_id, watch_token=token)
        CallRows.__init__(self, round_id, run, own_round, lambda: None)
